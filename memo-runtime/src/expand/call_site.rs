//! A call of a memoized function, on its way to its cache.
//!
//! It goes in two steps. The [first](Here::enter) is a part of the function: it has the result at once if
//! nothing is in the way, and calls nothing of ours, so that it needs neither a stack frame nor registers
//! that are to be saved. Whatever is not as it is nearly always is left to the [second](Here::step),
//! which is [apart](aside), and does all that there is to do.

use crate::cache::cache::Cache;
use crate::call::answer::Answer;
use crate::call::call::{self, Absent, Entered, Turn};
use crate::call::result_policy::Policy;
use crate::engine::engine::Engine;
use crate::engine::hit::Miss;
use crate::expand::instances::Instance;
use crate::expand::options::Options;
use crate::expand::slot::SlotScope as Places;
use crate::key::lookup::Lookup;
use crate::scope::scope::{Scope, Shared, Thread};
use std::borrow::Borrow;
use std::fmt;
use std::marker::PhantomData;
use std::num::NonZero;

/// The cache of the instantiation that `F` stands for, as a call uses it: lent to a look-up, which is soon
/// over, and owned by what follows when that has found nothing.
pub struct Here<F, K, V, S: Places> {
    place: &'static S::Slot,
    options: Options,
    own: Own<K, V, S>,
    instance: PhantomData<fn() -> F>,
}

/// Gives a cache. If there is none, it is made.
pub(crate) type Own<K, V, S> =
    fn(&'static <S as Places>::Slot, Options) -> <S as Places>::Held<K, V>;

impl<F, K, V, S: Places> Copy for Here<F, K, V, S> {}

impl<F, K, V, S: Places> Clone for Here<F, K, V, S> {
    fn clone(&self) -> Self {
        *self
    }
}

/// A call that had no result at once.
#[must_use]
pub struct Missed<P> {
    policy: P,
    unseen: Miss,
    /// Of the key, if it was hashed.
    hash: Option<NonZero<u64>>,
}

/// A call: of a [`Here`] or a [`Given`], with the call as it is looked up, what is stored of a result, and the
/// call of the body.
///
/// Without optimisation each value has a place of its own on the stack, and nothing is inlined. So the look-up is
/// a function there, and nothing but its answer and the run stays when the body is called.
#[doc(hidden)]
#[macro_export]
#[cfg(debug_assertions)]
macro_rules! __call_in_place {
    ($here:ident.$enter:ident($lookup:expr, $policy:expr), $run:expr) => {{
        let mut answer = $crate::__private::Answer::None;
        let turn = $here.call($lookup, $policy, &mut answer);
        if turn.is_answered() { answer.take() } else { turn.finish($run) }
    }};
}

/// The same, optimised: what finds a result at once is a part of the function.
#[doc(hidden)]
#[macro_export]
#[cfg(not(debug_assertions))]
macro_rules! __call_in_place {
    ($here:ident.$enter:ident($lookup:expr, $policy:expr), $run:expr) => {{
        let lookup = $lookup;
        let mut answer = $crate::__private::Answer::None;
        match $here.$enter(&lookup, $policy, &mut answer) {
            $crate::__private::std::result::Result::Ok(()) => answer.take(),
            $crate::__private::std::result::Result::Err(missed) => {
                let mut answer = $crate::__private::Answer::None;
                let turn = $here.step(missed, lookup, &mut answer);
                if turn.is_answered() { answer.take() } else { turn.finish($run) }
            }
        }
    }};
}

/// A call of a function that is none but a look-up if it finds a result: everything else is [aside].
#[doc(hidden)]
#[macro_export]
#[cfg(debug_assertions)]
macro_rules! __call {
    ($($call:tt)*) => {
        $crate::__private::call_in_place!($($call)*)
    };
}

/// The same, optimised. The look-up is made twice, as what it borrows is moved in between. Each part has an answer of
/// its own, so that none of them is known elsewhere, and a small one is in a register.
#[doc(hidden)]
#[macro_export]
#[cfg(not(debug_assertions))]
macro_rules! __call {
    ($here:ident.$enter:ident($lookup:expr, $policy:expr), $run:expr) => {{
        let mut answer = $crate::__private::Answer::None;
        match $here.$enter(&$lookup, $policy, &mut answer) {
            $crate::__private::std::result::Result::Ok(()) => answer.take(),
            $crate::__private::std::result::Result::Err(missed) => {
                $crate::__private::aside(missed, move |missed| {
                    let mut answer = $crate::__private::Answer::None;
                    let turn = $here.step(missed, $lookup, &mut answer);
                    if turn.is_answered() { answer.take() } else { turn.finish($run) }
                })
            }
        }
    }};
}

impl<F: Instance, K, V, S: Places> Here<F, K, V, S> {
    /// # Safety
    ///
    /// As of [`Places::lend`].
    #[expect(unsafe_code, reason = "what is kept has no type")]
    #[inline]
    pub(crate) unsafe fn new(place: &'static S::Slot, options: Options, own: Own<K, V, S>) -> Self {
        Self { place, options, own, instance: PhantomData }
    }

    /// Looks a call up. The result is in `answer` then.
    ///
    /// # Errors
    ///
    /// There was no result at once.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn enter<R, Q, O>(
        &self,
        query: &Q,
        policy: O,
        answer: &mut Answer<R>,
    ) -> Result<(), Missed<O>>
    where
        Q: Lookup<Key = K>,
        O: Policy<R, Stored = V>,
    {
        self.look(query, policy, |policy, value| answer.put(|| policy.hit(value)), false)
    }

    /// The same, where entries expire.
    ///
    /// # Errors
    ///
    /// There was no result at once.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn enter_in_time<R, Q, O>(
        &self,
        query: &Q,
        policy: O,
        answer: &mut Answer<R>,
    ) -> Result<(), Missed<O>>
    where
        Q: Lookup<Key = K>,
        O: Policy<R, Stored = V>,
    {
        self.look(query, policy, |policy, value| answer.put(|| policy.hit(value)), true)
    }

    /// Looks the call of an async function up.
    ///
    /// # Errors
    ///
    /// There was no result at once.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn at_once<R, Q, O>(&self, query: &Q, policy: O) -> Result<R, Missed<O>>
    where
        Q: Lookup<Key = K>,
        O: Policy<R, Stored = V>,
    {
        self.look(query, policy, O::hit, false)
    }

    /// The same, where entries expire.
    ///
    /// # Errors
    ///
    /// There was no result at once.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn at_once_in_time<R, Q, O>(&self, query: &Q, policy: O) -> Result<R, Missed<O>>
    where
        Q: Lookup<Key = K>,
        O: Policy<R, Stored = V>,
    {
        self.look(query, policy, O::hit, true)
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn look<R, Q, O>(
        &self,
        query: &Q,
        policy: O,
        answer: impl FnOnce(&O, &V) -> R,
        expires: bool,
    ) -> Result<R, Missed<O>>
    where
        Q: Lookup<Key = K>,
    {
        #[expect(unsafe_code, reason = "what is kept has no type")]
        // SAFETY: whoever has made this knew of what types the keys and values are. The cache is not
        // used after this.
        let cache = unsafe { S::lend::<F, K, V>(self.place) };
        let Some(engine) = cache.map(Cache::engine).filter(|it| !(expires && it.is_due())) else {
            return Err(Missed { policy, unseen: Miss::Untried, hash: None });
        };
        let hash = engine.hash(|state| query.hash(state));
        match engine.hit(hash, |key| query.matches(key), |value| answer(&policy, value), true) {
            Ok(result) => Ok(result),
            Err(unseen) => Err(Missed { policy, unseen, hash: NonZero::new(hash) }),
        }
    }

    /// Looks a call up, and waits for its result if another thread is computing it. If no run is returned, the
    /// result is in `answer`.
    pub fn call<'c, R, Q, O>(
        &self,
        query: Q,
        policy: O,
        answer: &mut Answer<R>,
    ) -> Turn<'c, O, K, V, S>
    where
        Q: Lookup<Key = K>,
        O: Policy<R, Stored = V>,
    {
        match self.enter_in_time(&query, policy, answer) {
            Ok(()) => Turn::ANSWERED,
            Err(missed) => self.step(missed, query, answer),
        }
    }

    /// Goes on with a call that had no result at once, as [`call`](Self::call) does.
    #[inline]
    pub fn step<'c, R, Q, O>(
        &self,
        missed: Missed<O>,
        query: Q,
        answer: &mut Answer<R>,
    ) -> Turn<'c, O, K, V, S>
    where
        Q: Lookup<Key = K>,
        O: Policy<R, Stored = V>,
    {
        let owned = self.own();
        #[expect(unsafe_code, reason = "a run has a lease of its engine")]
        // SAFETY: a cache of the process lives forever. Of one of the thread, a run keeps the engine alive
        // itself, and nothing else that is returned refers to either.
        let cache = unsafe { &*std::ptr::from_ref::<Cache<K, V, S>>(owned.borrow()) };
        let turn = missed.step(cache, query, answer);
        match S::finally(owned) {
            None => turn,
            Some(finally) => match turn.into_run() {
                None => Turn::ANSWERED,
                Some(run) => Turn::run(run.finally(finally)),
            },
        }
    }

    /// The cache.
    #[must_use]
    pub fn own(self) -> S::Held<K, V> {
        (self.own)(self.place, self.options)
    }
}

impl<F: Instance, K, V> Here<F, K, V, Shared> {
    /// The cache.
    #[must_use]
    pub fn cache(self) -> &'static Cache<K, V> {
        self.own().get()
    }
}

impl<F: Instance, K, V> Here<F, K, V, Thread> {
    /// The cache.
    #[must_use]
    pub fn cache(self) -> Cache<K, V, Thread> {
        self.own().into_cache()
    }
}

/// A [`Here`] that is asked for when it is needed. For a function's name it takes no room on the stack.
pub struct At<H, F, K, V, S: Places> {
    here: H,
    #[expect(clippy::type_complexity, reason = "it is but a marker")]
    of: PhantomData<fn() -> Here<F, K, V, S>>,
}

impl<H: Copy, F, K, V, S: Places> Copy for At<H, F, K, V, S> {}

impl<H: Copy, F, K, V, S: Places> Clone for At<H, F, K, V, S> {
    fn clone(&self) -> Self {
        *self
    }
}

/// Asks for it.
#[inline]
pub fn at<H, F, K, V, S: Places>(here: H) -> At<H, F, K, V, S>
where
    H: Fn() -> Here<F, K, V, S>,
{
    At { here, of: PhantomData }
}

impl<H, F: Instance, K, V, S: Places> At<H, F, K, V, S>
where
    H: Fn() -> Here<F, K, V, S>,
{
    /// [`Here::enter`].
    ///
    /// # Errors
    ///
    /// As there.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn enter<R, Q, O>(
        &self,
        query: &Q,
        policy: O,
        answer: &mut Answer<R>,
    ) -> Result<(), Missed<O>>
    where
        Q: Lookup<Key = K>,
        O: Policy<R, Stored = V>,
    {
        (self.here)().enter(query, policy, answer)
    }

    /// [`Here::enter_in_time`].
    ///
    /// # Errors
    ///
    /// As there.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn enter_in_time<R, Q, O>(
        &self,
        query: &Q,
        policy: O,
        answer: &mut Answer<R>,
    ) -> Result<(), Missed<O>>
    where
        Q: Lookup<Key = K>,
        O: Policy<R, Stored = V>,
    {
        (self.here)().enter_in_time(query, policy, answer)
    }

    /// [`Here::call`].
    pub fn call<'c, R, Q, O>(
        &self,
        query: Q,
        policy: O,
        answer: &mut Answer<R>,
    ) -> Turn<'c, O, K, V, S>
    where
        Q: Lookup<Key = K>,
        O: Policy<R, Stored = V>,
    {
        (self.here)().call(query, policy, answer)
    }

    /// [`Here::step`]. Not inlined: a `Here` would be on the stack while the body runs.
    #[inline(never)]
    pub fn step<'c, R, Q, O>(
        &self,
        missed: Missed<O>,
        query: Q,
        answer: &mut Answer<R>,
    ) -> Turn<'c, O, K, V, S>
    where
        Q: Lookup<Key = K>,
        O: Policy<R, Stored = V>,
    {
        (self.here)().step(missed, query, answer)
    }
}

/// A cache that a function is given, as a call uses it.
pub struct Given<'c, K, V, S: Scope>(&'c Cache<K, V, S>);

impl<K, V, S: Scope> Copy for Given<'_, K, V, S> {}

impl<K, V, S: Scope> Clone for Given<'_, K, V, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<'c, K, V, S: Scope> Given<'c, K, V, S> {
    /// The cache that is given.
    #[inline]
    #[must_use]
    pub fn new(cache: &'c Cache<K, V, S>) -> Self {
        Self(cache)
    }

    /// Looks a call up. The result is in `answer` then.
    ///
    /// # Errors
    ///
    /// There was no result.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn enter<R, Q, O>(
        self,
        query: &Q,
        policy: O,
        answer: &mut Answer<R>,
    ) -> Result<(), Missed<O>>
    where
        Q: Lookup<Key = K>,
        O: Policy<R, Stored = V>,
    {
        let engine = self.0.engine();
        let hash = engine.hash(|state| query.hash(state));
        let put = |value: &V| answer.put(|| policy.hit(value));
        engine.look_up(hash, query, put).map_err(|unseen| Missed {
            policy,
            unseen,
            hash: NonZero::new(hash),
        })
    }

    /// Looks a call up, and waits for its result if another thread is computing it. If no run is returned, the
    /// result is in `answer`.
    pub fn call<R, Q, O>(self, query: Q, policy: O, answer: &mut Answer<R>) -> Turn<'c, O, K, V, S>
    where
        Q: Lookup<Key = K>,
        O: Policy<R, Stored = V>,
    {
        match self.enter(&query, policy, answer) {
            Ok(()) => Turn::ANSWERED,
            Err(missed) => self.step(missed, query, answer),
        }
    }

    /// Goes on with a call that had no result, as [`call`](Self::call) does.
    #[inline(never)]
    pub fn step<R, Q, O>(
        self,
        missed: Missed<O>,
        query: Q,
        answer: &mut Answer<R>,
    ) -> Turn<'c, O, K, V, S>
    where
        Q: Lookup<Key = K>,
        O: Policy<R, Stored = V>,
    {
        let Missed { policy, unseen, hash } = missed;
        let hash =
            hash.map_or_else(|| self.0.engine().hash(|state| query.hash(state)), NonZero::get);
        let absent = (unseen == Miss::Nothing).then_some(Absent { met: false });
        call::missed(self.0, hash, query, policy, absent, answer)
    }
}

impl<P> Missed<P> {
    /// Goes on with the call of an async function.
    pub fn open<R, Q, V, S: Scope>(
        self,
        cache: &Cache<Q::Key, V, S>,
        query: Q,
    ) -> Entered<'_, R, Q, P, Q::Key, V, S>
    where
        Q: Lookup,
        P: Policy<R, Stored = V>,
    {
        let engine = cache.engine();
        match self.look_again(engine, &query, P::hit) {
            Ok(result) => Entered::Hit(result),
            Err((policy, hash, absent)) => {
                call::open(engine, hash, query, policy, absent.is_some())
            }
        }
    }

    fn step<'c, R, Q, V, S: Scope>(
        self,
        cache: &'c Cache<Q::Key, V, S>,
        query: Q,
        answer: &mut Answer<R>,
    ) -> Turn<'c, P, Q::Key, V, S>
    where
        Q: Lookup,
        P: Policy<R, Stored = V>,
    {
        let put = |policy: &P, value: &V| answer.put(|| policy.hit(value));
        match self.look_again(cache.engine(), &query, put) {
            Ok(()) => Turn::ANSWERED,
            Err((policy, hash, absent)) => call::missed(cache, hash, query, policy, absent, answer),
        }
    }

    /// Looks for what was not looked for as well as can be. If there is no result, returns what is known.
    fn look_again<R, Q, V, S: Scope>(
        self,
        engine: &Engine<Q::Key, V, S>,
        query: &Q,
        answer: impl FnOnce(&P, &V) -> R,
    ) -> Result<R, (P, u64, Option<Absent>)>
    where
        Q: Lookup,
    {
        let Self { policy, mut unseen, hash } = self;
        let hash = hash.map_or_else(|| engine.hash(|state| query.hash(state)), NonZero::get);
        let met = unseen != Miss::Untried;
        if !met {
            match engine.look_up(hash, query, |value| answer(&policy, value)) {
                Ok(result) => return Ok(result),
                Err(again) => unseen = again,
            }
        }
        Err((policy, hash, (unseen == Miss::Nothing).then_some(Absent { met })))
    }
}

/// Goes on in a frame of its own. What is missed is no part of the closure, so that both fit into registers more
/// often: then the function that calls this has no frame at all.
#[inline(never)]
pub fn aside<P, R>(missed: Missed<P>, go_on: impl FnOnce(Missed<P>) -> R) -> R {
    go_on(missed)
}

impl<P> fmt::Debug for Missed<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Missed")
    }
}

impl<H, F, K, V, S: Places> fmt::Debug for At<H, F, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("At")
    }
}

impl<K, V, S: Scope> fmt::Debug for Given<'_, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Given")
    }
}

impl<F, K, V, S: Places> fmt::Debug for Here<F, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Here")
    }
}

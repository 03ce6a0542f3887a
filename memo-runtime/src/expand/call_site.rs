//! A call of a memoized function, on its way to its cache.
//!
//! It goes in two steps. The [first](Here::enter) is a part of the function: it has the result at once if
//! nothing is in the way, and calls nothing of ours, so that it needs neither a stack frame nor registers
//! that are to be saved. Whatever is not as it is nearly always is left to the [second](Here::step),
//! which is [apart](aside), and does all that there is to do.

use crate::cache::cache::Cache;
use crate::call::answer::Answer;
use crate::call::call;
use crate::call::result_policy::Policy;
use crate::call::run::Turn;
use crate::engine::hit::Miss;
use crate::expand::instances::Instance;
use crate::expand::static_site::Options;
use crate::key::lookup::Lookup;
use crate::scope::scope::Scope;
use std::any::Any;
use std::borrow::Borrow;
use std::fmt;
use std::marker::PhantomData;

/// Where the caches of a function's instantiations are, by their scope.
///
/// Nothing is demanded of keys and values here, nor of a [`Here`]: that is said once, where one is made.
/// So a type-checker has little to do with each memoized function.
pub trait Places: Scope {
    /// What the function has for them.
    type Place: 'static;
    /// What a call has of its cache.
    type Owned<K, V>: Borrow<Cache<K, V, Self>>;

    /// Lends the cache of the instantiation that `F` stands for, if it is there and was the first one.
    ///
    /// # Safety
    ///
    /// Keys and values are of types that may be kept there, without lifetimes; and of those that are
    /// there, if `F` is the only instantiation. The cache is given back before the thread ends.
    #[doc(hidden)]
    #[expect(unsafe_code, reason = "what is kept has no type")]
    unsafe fn lend<'c, F: Instance, K, V>(
        place: &'static Self::Place,
    ) -> Option<&'c Cache<K, V, Self>>;

    /// What a run drops in the end, when the thread's own caches are gone.
    #[doc(hidden)]
    fn finally<K, V>(_owned: Self::Owned<K, V>) -> Option<Box<dyn Any>> {
        None
    }
}

/// The cache of the instantiation that `F` stands for, as a call uses it: lent to a look-up, which is soon
/// over, and owned by what follows when that has found nothing.
pub struct Here<F, K, V, S: Places> {
    place: &'static S::Place,
    options: Options,
    own: Own<K, V, S>,
    instance: PhantomData<fn() -> F>,
}

/// Gives a cache. If there is none, it is made.
pub(crate) type Own<K, V, S> =
    fn(&'static <S as Places>::Place, Options) -> <S as Places>::Owned<K, V>;

impl<F, K, V, S: Places> Copy for Here<F, K, V, S> {}

impl<F, K, V, S: Places> Clone for Here<F, K, V, S> {
    fn clone(&self) -> Self {
        *self
    }
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
        let (lookup, policy) = ($lookup, $policy);
        let mut answer = $crate::__private::Answer::None;
        match $here.$enter(&lookup, &policy, &mut answer) {
            $crate::__private::std::result::Result::Ok(()) => answer.take(),
            $crate::__private::std::result::Result::Err(miss) => {
                let mut answer = $crate::__private::Answer::None;
                let turn = $here.step(miss, lookup, policy, &mut answer);
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
        let policy = $policy;
        let mut answer = $crate::__private::Answer::None;
        match $here.$enter(&$lookup, &policy, &mut answer) {
            $crate::__private::std::result::Result::Ok(()) => answer.take(),
            $crate::__private::std::result::Result::Err(miss) => {
                $crate::__private::aside(miss, move |miss| {
                    let mut answer = $crate::__private::Answer::None;
                    let turn = $here.step(miss, $lookup, policy, &mut answer);
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
    pub(crate) unsafe fn new(
        place: &'static S::Place,
        options: Options,
        own: Own<K, V, S>,
    ) -> Self {
        Self { place, options, own, instance: PhantomData }
    }

    /// Looks a call up. The result is in `answer` then.
    ///
    /// # Errors
    ///
    /// There was no result at once.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn enter<R, Q, O>(&self, query: &Q, policy: &O, answer: &mut Answer<R>) -> Result<(), Miss>
    where
        Q: Lookup<Key = K>,
        O: Policy<R, Stored = V>,
    {
        self.look_up::<false, _, _>(query, |value| answer.put(|| policy.hit(value)))
    }

    /// The same, which asks at once whether something has expired.
    ///
    /// Only speed depends on which of the two is called: where entries expire, [`enter`](Self::enter) leaves each
    /// look-up to [`step`](Self::step).
    ///
    /// # Errors
    ///
    /// There was no result at once.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn enter_in_time<R, Q, O>(
        &self,
        query: &Q,
        policy: &O,
        answer: &mut Answer<R>,
    ) -> Result<(), Miss>
    where
        Q: Lookup<Key = K>,
        O: Policy<R, Stored = V>,
    {
        self.look_up::<true, _, _>(query, |value| answer.put(|| policy.hit(value)))
    }

    /// [`enter`](Self::enter), for an async function: a result in `answer` would pass through memory.
    ///
    /// # Errors
    ///
    /// There was no result at once.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn hit<R, Q, O>(&self, query: &Q, policy: &O) -> Result<R, Miss>
    where
        Q: Lookup<Key = K>,
        O: Policy<R, Stored = V>,
    {
        self.look_up::<false, _, _>(query, |value| policy.hit(value))
    }

    /// [`enter_in_time`](Self::enter_in_time), for an async function.
    ///
    /// # Errors
    ///
    /// There was no result at once.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn hit_in_time<R, Q, O>(&self, query: &Q, policy: &O) -> Result<R, Miss>
    where
        Q: Lookup<Key = K>,
        O: Policy<R, Stored = V>,
    {
        self.look_up::<true, _, _>(query, |value| policy.hit(value))
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn look_up<const TIMED: bool, R, Q>(
        &self,
        query: &Q,
        answer: impl FnOnce(&V) -> R,
    ) -> Result<R, Miss>
    where
        Q: Lookup<Key = K>,
    {
        #[expect(unsafe_code, reason = "what is kept has no type")]
        // SAFETY: whoever has made this knew of what types the keys and values are. The cache is not
        // used after this.
        let cache = unsafe { S::lend::<F, K, V>(self.place) };
        let Some(cache) = cache else { return Err(Miss::without_cache()) };
        cache.engine().quick_hit::<TIMED, _, _>(query, answer)
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
        match self.enter_in_time(&query, &policy, answer) {
            Ok(()) => Turn::ANSWERED,
            Err(miss) => self.step(miss, query, policy, answer),
        }
    }

    /// Goes on with a call that had no result at once, as [`call`](Self::call) does.
    #[inline]
    pub fn step<'c, R, Q, O>(
        &self,
        miss: Miss,
        query: Q,
        policy: O,
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
        let turn = call::after_first(cache.engine_ptr(), miss, query, policy, answer);
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
    pub fn own(self) -> S::Owned<K, V> {
        (self.own)(self.place, self.options)
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
    pub fn enter<R, Q, O>(&self, query: &Q, policy: &O, answer: &mut Answer<R>) -> Result<(), Miss>
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
        policy: &O,
        answer: &mut Answer<R>,
    ) -> Result<(), Miss>
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
        miss: Miss,
        query: Q,
        policy: O,
        answer: &mut Answer<R>,
    ) -> Turn<'c, O, K, V, S>
    where
        Q: Lookup<Key = K>,
        O: Policy<R, Stored = V>,
    {
        (self.here)().step(miss, query, policy, answer)
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
    pub fn enter<R, Q, O>(self, query: &Q, policy: &O, answer: &mut Answer<R>) -> Result<(), Miss>
    where
        Q: Lookup<Key = K>,
        O: Policy<R, Stored = V>,
    {
        let engine = self.0.engine();
        let hash = engine.hash(|state| query.hash(state));
        engine.hit(hash, query, |value| answer.put(|| policy.hit(value)))
    }

    /// [`enter`](Self::enter), for an async function.
    ///
    /// # Errors
    ///
    /// There was no result.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn hit<R, Q, O>(self, query: &Q, policy: &O) -> Result<R, Miss>
    where
        Q: Lookup<Key = K>,
        O: Policy<R, Stored = V>,
    {
        let engine = self.0.engine();
        let hash = engine.hash(|state| query.hash(state));
        engine.hit(hash, query, |value| policy.hit(value))
    }

    /// Looks a call up, and waits for its result if another thread is computing it. If no run is returned, the
    /// result is in `answer`.
    pub fn call<R, Q, O>(self, query: Q, policy: O, answer: &mut Answer<R>) -> Turn<'c, O, K, V, S>
    where
        Q: Lookup<Key = K>,
        O: Policy<R, Stored = V>,
    {
        match self.enter(&query, &policy, answer) {
            Ok(()) => Turn::ANSWERED,
            Err(miss) => self.step(miss, query, policy, answer),
        }
    }

    /// Goes on with a call that had no result, as [`call`](Self::call) does.
    #[inline(never)]
    pub fn step<R, Q, O>(
        self,
        miss: Miss,
        query: Q,
        policy: O,
        answer: &mut Answer<R>,
    ) -> Turn<'c, O, K, V, S>
    where
        Q: Lookup<Key = K>,
        O: Policy<R, Stored = V>,
    {
        call::after_miss(self.0.engine_ptr(), miss, query, policy, answer)
    }
}

/// Goes on in a frame of its own. The miss is no part of the closure, so that both fit into registers more
/// often: then the function that calls this has no frame at all.
#[inline(never)]
pub fn aside<R>(miss: Miss, go_on: impl FnOnce(Miss) -> R) -> R {
    go_on(miss)
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

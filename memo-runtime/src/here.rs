//! A call of a memoized function, on its way to its cache.
//!
//! It goes in two steps. The [first](Here::enter) is a part of the function: it has the result at once if
//! nothing is in the way, and calls nothing of ours, so that it needs neither a stack frame nor registers
//! that are to be saved. Whatever is not as it is nearly always is left to the [second](Here::step),
//! which is [apart](aside), and does all that there is to do.

use crate::cache::Cache;
use crate::call::{self, Absent, Entered, Step};
use crate::engine::{Engine, Unseen};
use crate::instances::Instance;
use crate::key::Lookup;
use crate::policy::Policy;
use crate::scope::Scope;
use crate::site::Options;
use std::borrow::Borrow;
use std::fmt;
use std::marker::PhantomData;
use std::num::NonZero;

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

/// A call that had no result at once.
#[must_use]
pub struct Missed<P> {
    policy: P,
    unseen: Unseen,
    /// Of the key, if it was hashed.
    hash: Option<NonZero<u64>>,
}

/// A call of a memoized function: of its [`Here`], with the call as it is looked up, what is stored of a
/// result, and the call of the body.
///
/// The look-up is made twice, as what it borrows is moved in between.
#[doc(hidden)]
#[macro_export]
macro_rules! __call {
    ($here:ident.$enter:ident($lookup:expr, $policy:expr), $run:expr) => {
        match $here.$enter(&$lookup, $policy) {
            $crate::__private::std::result::Result::Ok(result) => result,
            $crate::__private::std::result::Result::Err(missed) => {
                $crate::__private::aside(move || {
                    let owned = $here.own();
                    let mut step = $here.step(&owned, missed, $lookup);
                    match step {
                        $crate::__private::Step::Done(result) => result,
                        $crate::__private::Step::Run(ref mut run) => run.finish($run),
                    }
                })
            }
        }
    };
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

    /// Looks a call up.
    ///
    /// # Errors
    ///
    /// There was no result at once.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "see above")]
    pub fn enter<R, Q, O>(self, query: &Q, policy: O) -> Result<R, Missed<O>>
    where
        Q: Lookup<Key = K>,
        O: Policy<R, Stored = V>,
    {
        self.look(query, policy, false)
    }

    /// The same, where entries expire.
    ///
    /// # Errors
    ///
    /// As there.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "see above")]
    pub fn enter_in_time<R, Q, O>(self, query: &Q, policy: O) -> Result<R, Missed<O>>
    where
        Q: Lookup<Key = K>,
        O: Policy<R, Stored = V>,
    {
        self.look(query, policy, true)
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "see above")]
    fn look<R, Q, O>(self, query: &Q, policy: O, expires: bool) -> Result<R, Missed<O>>
    where
        Q: Lookup<Key = K>,
        O: Policy<R, Stored = V>,
    {
        #[expect(unsafe_code, reason = "what is kept has no type")]
        // SAFETY: whoever has made this knew of what types the keys and values are. The cache is not
        // used after this.
        let cache = unsafe { S::lend::<F, K, V>(self.place) };
        let Some(engine) = cache.map(Cache::engine).filter(|it| !(expires && it.is_due())) else {
            return Err(Missed { policy, unseen: Unseen::Untried, hash: None });
        };
        let hash = engine.hash(|state| query.hash(state));
        match engine.hit(hash, |key| query.matches(key), |value| policy.hit(value), true) {
            Ok(result) => Ok(result),
            Err(unseen) => Err(Missed { policy, unseen, hash: NonZero::new(hash) }),
        }
    }

    /// The cache.
    #[must_use]
    pub fn own(self) -> S::Owned<K, V> {
        (self.own)(self.place, self.options)
    }

    /// Goes on with a call that had no result at once.
    pub fn step<R, Q, O>(
        self,
        cache: &S::Owned<K, V>,
        missed: Missed<O>,
        query: Q,
    ) -> Step<'_, R, O, K, V, S>
    where
        Q: Lookup<Key = K>,
        O: Policy<R, Stored = V>,
    {
        let engine = cache.borrow().engine();
        match missed.look_again(engine, &query) {
            Ok(result) => Step::Done(result),
            Err((policy, hash, absent)) => call::missed(engine, hash, query, policy, absent),
        }
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
        match self.look_again(engine, &query) {
            Ok(result) => Entered::Hit(result),
            Err((policy, hash, absent)) => {
                call::open(engine, hash, query, policy, absent.is_some())
            }
        }
    }

    /// Looks for what was not looked for as well as can be. If there is no result, returns what is known.
    fn look_again<R, Q, V, S: Scope>(
        self,
        engine: &Engine<Q::Key, V, S>,
        query: &Q,
    ) -> Result<R, (P, u64, Option<Absent>)>
    where
        Q: Lookup,
        P: Policy<R, Stored = V>,
    {
        let Self { policy, mut unseen, hash } = self;
        let hash = hash.map_or_else(|| engine.hash(|state| query.hash(state)), NonZero::get);
        let met = unseen != Unseen::Untried;
        if !met {
            match engine.look_up(hash, query, &policy) {
                Ok(result) => return Ok(result),
                Err(again) => unseen = again,
            }
        }
        Err((policy, hash, (unseen == Unseen::Nothing).then_some(Absent { met })))
    }
}

/// Does something in a frame of its own.
#[inline(never)]
pub fn aside<R>(it: impl FnOnce() -> R) -> R {
    it()
}

impl<P> fmt::Debug for Missed<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Missed")
    }
}

impl<F, K, V, S: Places> fmt::Debug for Here<F, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Here")
    }
}

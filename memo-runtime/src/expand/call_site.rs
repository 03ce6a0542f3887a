//! A call of a memoized function, on its way to the function's own cache.
//!
//! A call has two steps. The first is a look-up that is inlined into the function. It calls no function of the
//! runtime on a hit, and so needs neither a stack frame nor saved registers. It leaves every rare case to
//! the second step, which is always right. There are four look-ups, because two things differ:
//!
//! | | sync: the result goes to `answer` | async: the result is returned |
//! |---|---|---|
//! | entries do not expire | [`enter`](CallSite::enter) | [`hit`](CallSite::hit) |
//! | entries may expire | [`enter_timed`](CallSite::enter_timed) | [`hit_timed`](CallSite::hit_timed) |
//!
//! The second step is [`step`](CallSite::step) for a sync call, and
//! [`go_on`](crate::expand::controls::go_on) for an async one. [`call`](CallSite::call) is both steps at once.

use crate::cache::cache::Cache;
use crate::cache::isolation;
use crate::call::answer::Answer;
use crate::call::cache_call::{self, CacheCall, Start};
use crate::call::call::{self, Ask};
use crate::call::result_policy::Policy;
use crate::call::run::{Run, Turn};
use crate::config::parameters::CacheParameters;
use crate::config::stats::CacheInfo;
use crate::engine::engine::EnginePtr;
use crate::engine::hit::Miss;
use crate::engine::typed::TypedEngine;
use crate::entry::entry::Entry;
use crate::expand::instances::{Instance, instance};
use crate::expand::options::Options;
use crate::expand::slot::SlotScope;
use crate::key::lookup::Lookup;
use crate::scope::scope::{Shared, Thread};
use std::borrow::Borrow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{ControlFlow, Deref};

/// The cache of the instantiation `F`, as one call uses it: lent for the look-up, which is short, and kept for all that
/// follows a miss.
pub struct CallSite<F, K, V, S: SlotScope> {
    slot: &'static S::Slot,
    options: Options,
    #[expect(clippy::type_complexity, reason = "it is only a marker")]
    types: PhantomData<fn() -> (F, PhantomData<(K, V)>)>,
}

impl<F, K, V, S: SlotScope> Copy for CallSite<F, K, V, S> {}

impl<F, K, V, S: SlotScope> Clone for CallSite<F, K, V, S> {
    fn clone(&self) -> Self {
        *self
    }
}

// An expansion asks a call site, and not the cache it has, wherever it can: a mention of the cache would ask once more
// whether the key is `'static`.
//
// The methods take `self`, which is copied. A method of a trait in scope that takes `self` would be found before one
// of a reference.
impl<F: Instance, K, V, S: SlotScope> CallSite<F, K, V, S> {
    /// # Safety
    ///
    /// `K` and `V` have no lifetimes, and the scope can hold them. If `F` is the only instantiation, they are the
    /// types of the slot's cache.
    #[expect(unsafe_code, reason = "a slot has no types")]
    #[inline]
    pub(crate) unsafe fn new(slot: &'static S::Slot, options: Options) -> Self {
        Self { slot, options, types: PhantomData }
    }

    /// Looks up a sync call in a cache without deadlines. On a hit the result is in `answer`.
    ///
    /// # Errors
    ///
    /// No result yet: [`step`](Self::step) finds out why.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn enter<R, Q, O>(self, query: &Q, policy: &O, answer: &mut Answer<R>) -> Result<(), Miss>
    where
        Q: Lookup<Key = K>,
        O: Policy<R, Stored = V>,
    {
        self.look_up::<false, _, _>(query, |value| answer.put(|| policy.hit(value)))
    }

    /// [`enter`](Self::enter) for a cache with deadlines: it asks first whether an entry has expired.
    ///
    /// Only speed depends on which of the two is called. In a cache with deadlines, `enter` never hits.
    ///
    /// # Errors
    ///
    /// No result yet.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn enter_timed<R, Q, O>(
        self,
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

    /// [`enter`](Self::enter) for an async call, which has no use for an [`Answer`]: the result would pass through
    /// memory.
    ///
    /// # Errors
    ///
    /// No result yet.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn hit<R, Q, O>(self, query: &Q, policy: &O) -> Result<R, Miss>
    where
        Q: Lookup<Key = K>,
        O: Policy<R, Stored = V>,
    {
        self.look_up::<false, _, _>(query, |value| policy.hit(value))
    }

    /// [`enter_timed`](Self::enter_timed) for an async call.
    ///
    /// # Errors
    ///
    /// No result yet.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn hit_timed<R, Q, O>(self, query: &Q, policy: &O) -> Result<R, Miss>
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
        #[expect(unsafe_code, reason = "a slot has no types")]
        // SAFETY: the maker of this call site keeps the conditions on the types, so the engine is of these. It is not
        // used after this function returns.
        let engine =
            unsafe { S::lend::<F, K, V>(self.slot).map(|it| TypedEngine::<K, V, S>::of(it)) };
        let Some(engine) = engine else { return Err(Miss::without_look()) };
        engine.quick_hit::<TIMED, _, _>(query, answer)
    }

    /// Goes on after a look-up without a result, and waits if another run computes it. Returns a run; if there is none,
    /// the result is in `answer`.
    ///
    /// If it were inlined, its locals would be on the stack while the body runs.
    #[inline(never)]
    pub fn step<'c, R, Q, O>(
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
        let mut held = None;
        #[expect(unsafe_code, reason = "a run has a lease of its engine")]
        // SAFETY: a run keeps the engine alive by itself. Nothing else that is returned refers to it. The types are those of the
        // slot's cache.
        let engine = unsafe {
            let engine = self.lent_or_held(&mut held);
            (engine, TypedEngine::<K, V, S>::of(engine))
        };
        let turn = call::after_first(engine, miss, query, policy, answer);
        match held.and_then(S::finally) {
            None => turn,
            Some(finally) => turn.finally(finally),
        }
    }

    /// [`observe`](crate::expand::controls::observe) in this cache.
    #[inline]
    pub fn observe<'c, R, Q, O>(
        self,
        start: Start,
        query: Q,
        policy: O,
    ) -> ControlFlow<CacheCall<R>, Run<'c, O, K, V, S>>
    where
        Q: Lookup<Key = K>,
        O: Policy<R, Stored = V>,
    {
        let mut held = None;
        #[expect(unsafe_code, reason = "a run has a lease of its engine")]
        // SAFETY: as in `step`.
        let engine = unsafe {
            let engine = self.lent_or_held(&mut held);
            (engine, TypedEngine::<K, V, S>::of(engine))
        };
        let observed = cache_call::observe(engine, start, query, policy);
        match held.and_then(S::finally) {
            None => observed,
            Some(finally) => observed.map_continue(|run| run.finally(finally)),
        }
    }

    /// The engine for one call. If it is not the thread's first one, `held` keeps it, and must stay where it is.
    ///
    /// # Safety
    ///
    /// The engine is used while `held` is left alone, and no longer.
    #[expect(unsafe_code, reason = "a slot has no types")]
    #[inline]
    unsafe fn lent_or_held<'c>(self, held: &mut Option<S::Held>) -> &'c EnginePtr<S> {
        // SAFETY: a shared engine of a slot lives forever. An engine of the thread that is lent lives until the thread ends,
        // and one that is held as long as the condition above says.
        unsafe {
            let lent = if isolation::may_be() { None } else { S::lend::<F, K, V>(self.slot) };
            let engine = lent.unwrap_or_else(|| (*held.insert(self.held())).borrow());
            &*std::ptr::from_ref(engine)
        }
    }

    /// A call in one step. In an unoptimised build, where nothing is inlined, [`step`](Self::step) alone looks it up.
    pub fn call<'c, R, Q, O>(
        self,
        query: Q,
        policy: O,
        answer: &mut Answer<R>,
    ) -> Turn<'c, O, K, V, S>
    where
        Q: Lookup<Key = K>,
        O: Policy<R, Stored = V>,
    {
        if cfg!(debug_assertions) {
            return self.step(Miss::without_look(), query, policy, answer);
        }
        match self.enter_timed(&query, &policy, answer) {
            Ok(()) => Turn::ANSWERED,
            Err(miss) => self.step(miss, query, policy, answer),
        }
    }

    /// Asks the cache about one call: [`ask`](crate::expand::controls::ask).
    #[inline]
    pub fn ask<R, Q, O>(self, what: Ask<R>, query: Q, policy: &O) -> Option<R>
    where
        Q: Lookup<Key = K>,
        O: Policy<R, Stored = V>,
    {
        call::ask(self.own().engine(), what, query, policy)
    }

    /// [`Cache::info`].
    #[must_use]
    pub fn info(self) -> CacheInfo {
        self.own().info()
    }

    /// [`Cache::clear`].
    pub fn clear(self) {
        self.own().clear();
    }

    /// [`Cache::enable`].
    pub fn enable(self, enabled: bool) {
        self.own().enable(enabled);
    }

    /// [`Cache::parameters`].
    #[must_use]
    pub fn parameters(self) -> CacheParameters {
        self.own().parameters()
    }

    /// The cache, as a call keeps it. It is made now if there is none.
    #[must_use]
    pub fn own(self) -> OwnCache<K, V, S> {
        OwnCache { held: self.held(), types: PhantomData }
    }

    /// The engine, as a call keeps it. It is made now if there is none.
    fn held(self) -> S::Held {
        #[expect(unsafe_code, reason = "a slot has no types")]
        // SAFETY: the maker of this call site keeps the conditions on the types.
        unsafe {
            S::find(self.slot, self.options, instance::<F, K, V>(), Entry::<K, V>::TYPE)
        }
    }
}

impl<F: Instance, K, V> CallSite<F, K, V, Shared> {
    /// The cache. It is made now if there is none.
    #[must_use]
    pub fn cache(self) -> &'static Cache<K, V> {
        #[expect(unsafe_code, reason = "a slot has no types")]
        // SAFETY: the types are those of the slot's cache.
        unsafe {
            Cache::of(self.held().0)
        }
    }
}

impl<F: Instance, K, V> CallSite<F, K, V, Thread> {
    /// The cache of the calling thread. It is made now if there is none.
    #[must_use]
    pub fn cache(self) -> Cache<K, V, Thread> {
        self.own().clone()
    }
}

/// The cache of a slot, as a call keeps it.
pub struct OwnCache<K, V, S: SlotScope> {
    held: S::Held,
    types: PhantomData<fn() -> (K, V)>,
}

impl<K, V, S: SlotScope> Deref for OwnCache<K, V, S> {
    type Target = Cache<K, V, S>;

    fn deref(&self) -> &Cache<K, V, S> {
        #[expect(unsafe_code, reason = "a slot has no types")]
        // SAFETY: `CallSite::own` makes this, and its types are those of the slot's cache.
        unsafe {
            Cache::of(self.held.borrow())
        }
    }
}

impl<K, V, S: SlotScope> fmt::Debug for OwnCache<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// A [`CallSite`] that the function `H` makes anew for each step. The type of a function item has no size, so this
/// takes no room on the stack while the body runs.
pub struct LazyCallSite<H, F, K, V, S: SlotScope> {
    site: H,
    #[expect(clippy::type_complexity, reason = "it is only a marker")]
    types: PhantomData<fn() -> CallSite<F, K, V, S>>,
}

impl<H: Copy, F, K, V, S: SlotScope> Copy for LazyCallSite<H, F, K, V, S> {}

impl<H: Copy, F, K, V, S: SlotScope> Clone for LazyCallSite<H, F, K, V, S> {
    fn clone(&self) -> Self {
        *self
    }
}

/// The call site that `site` makes.
#[inline]
pub fn at<H, F, K, V, S: SlotScope>(site: H) -> LazyCallSite<H, F, K, V, S>
where
    H: Fn() -> CallSite<F, K, V, S>,
{
    LazyCallSite { site, types: PhantomData }
}

impl<H, F: Instance, K, V, S: SlotScope> LazyCallSite<H, F, K, V, S>
where
    H: Fn() -> CallSite<F, K, V, S>,
{
    /// [`CallSite::enter`].
    ///
    /// # Errors
    ///
    /// No result yet.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn enter<R, Q, O>(self, query: &Q, policy: &O, answer: &mut Answer<R>) -> Result<(), Miss>
    where
        Q: Lookup<Key = K>,
        O: Policy<R, Stored = V>,
    {
        (self.site)().enter(query, policy, answer)
    }

    /// [`CallSite::enter_timed`].
    ///
    /// # Errors
    ///
    /// No result yet.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn enter_timed<R, Q, O>(
        self,
        query: &Q,
        policy: &O,
        answer: &mut Answer<R>,
    ) -> Result<(), Miss>
    where
        Q: Lookup<Key = K>,
        O: Policy<R, Stored = V>,
    {
        (self.site)().enter_timed(query, policy, answer)
    }

    /// [`CallSite::step`]. If it were inlined, the call site would be on the stack while the body runs.
    #[inline(never)]
    pub fn step<'c, R, Q, O>(
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
        (self.site)().step(miss, query, policy, answer)
    }

    /// [`CallSite::call`].
    pub fn call<'c, R, Q, O>(
        self,
        query: Q,
        policy: O,
        answer: &mut Answer<R>,
    ) -> Turn<'c, O, K, V, S>
    where
        Q: Lookup<Key = K>,
        O: Policy<R, Stored = V>,
    {
        (self.site)().call(query, policy, answer)
    }
}

impl<F, K, V, S: SlotScope> fmt::Debug for CallSite<F, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallSite")
    }
}

impl<H, F, K, V, S: SlotScope> fmt::Debug for LazyCallSite<H, F, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LazyCallSite")
    }
}

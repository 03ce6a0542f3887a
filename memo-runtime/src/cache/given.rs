//! Calls through a cache that the caller has: `get_or_compute` and the attribute with `cache = ..`.

use crate::cache::cache::Cache;
use crate::call::answer::Answer;
use crate::call::call;
use crate::call::result_policy::Policy;
use crate::call::run::Turn;
use crate::engine::hit::Miss;
use crate::key::lookup::Lookup;
use crate::scope::scope::Scope;
use std::fmt;

/// A cache that the caller has, as `call_in_place!` uses it.
///
/// A look-up here may call functions of the runtime: it stays complete, and a miss is a miss. In
/// contrast, a `CallSite` looks up only as far as that can be inlined.
pub struct GivenCache<'c, K, V, S: Scope>(&'c Cache<K, V, S>);

impl<K, V, S: Scope> Copy for GivenCache<'_, K, V, S> {}

impl<K, V, S: Scope> Clone for GivenCache<'_, K, V, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<'c, K, V, S: Scope> GivenCache<'c, K, V, S> {
    /// Calls through this cache.
    #[inline]
    #[must_use]
    pub fn new(cache: &'c Cache<K, V, S>) -> Self {
        Self(cache)
    }

    /// Looks a call up. On a hit the result is in `answer`.
    ///
    /// # Errors
    ///
    /// A miss.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn enter<R, Q, O>(self, query: &Q, policy: &O, answer: &mut Answer<R>) -> Result<(), Miss>
    where
        Q: Lookup<Key = K>,
        O: Policy<R, Stored = V>,
    {
        let engine = self.0.engine();
        engine.hit(engine.hash(|state| query.hash(state)), query, |value| {
            answer.put(|| policy.hit(value));
        })
    }

    /// [`enter`](Self::enter) for an async call, which has no use for an [`Answer`]: the result would pass through
    /// memory.
    ///
    /// # Errors
    ///
    /// A miss.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn hit<R, Q, O>(self, query: &Q, policy: &O) -> Result<R, Miss>
    where
        Q: Lookup<Key = K>,
        O: Policy<R, Stored = V>,
    {
        let engine = self.0.engine();
        engine.hit(engine.hash(|state| query.hash(state)), query, |value| policy.hit(value))
    }

    /// Goes on after a miss, and waits if another run computes the result. Returns a run; if there is none, the result
    /// is in `answer`.
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
        let typed = self.0.engine();
        call::after_first((typed.engine(), typed), miss, query, policy, answer)
    }

    pub(crate) fn cache(self) -> &'c Cache<K, V, S> {
        self.0
    }

    /// A call in one step. In an unoptimised build, where nothing is inlined, [`step`](Self::step) alone looks it up.
    pub fn call<R, Q, O>(self, query: Q, policy: O, answer: &mut Answer<R>) -> Turn<'c, O, K, V, S>
    where
        Q: Lookup<Key = K>,
        O: Policy<R, Stored = V>,
    {
        if cfg!(debug_assertions) {
            return self.step(Miss::without_look(), query, policy, answer);
        }
        match self.enter(&query, &policy, answer) {
            Ok(()) => Turn::ANSWERED,
            Err(miss) => self.step(miss, query, policy, answer),
        }
    }
}

impl<K, V, S: Scope> fmt::Debug for GivenCache<'_, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GivenCache")
    }
}

//! What the expansion of an async function calls until the macro calls `hit`, `hit_in_time` and `go_on`. Then this
//! file goes.

use crate::cache::cache::Cache;
use crate::cache::given::GivenCache;
use crate::call::async_run::AsyncRun;
use crate::call::call;
use crate::call::result_policy::Policy;
use crate::engine::hit::Miss;
use crate::expand::call_site::CallSite;
use crate::expand::instances::Instance;
use crate::expand::slot::SlotScope;
use crate::key::lookup::Lookup;
use crate::scope::scope::Scope;
use std::fmt;
use std::ops::ControlFlow;

/// The look-up of an async call.
#[allow(clippy::large_enum_variant, reason = "it goes")]
pub enum Entered<'c, R, Q, P, K, V, S: Scope> {
    /// The result was there.
    Hit(R),
    /// The call is no plain hit.
    Open(Open<'c, Q, P, K, V, S>),
}

/// The first half of an async call.
pub enum Step<'c, R, P, K, V, S: Scope> {
    /// The result.
    Done(R),
    /// The body has to run.
    Run(AsyncRun<'c, P, K, V, S>),
}

/// An async call that is no plain hit.
#[must_use]
pub struct Open<'c, Q, P, K, V, S: Scope> {
    cache: &'c Cache<K, V, S>,
    missed: Missed<P>,
    query: Q,
}

/// A call that had no result at once.
#[must_use]
pub struct Missed<P> {
    miss: Miss,
    policy: P,
}

impl<F: Instance, K, V, S: SlotScope> CallSite<F, K, V, S> {
    /// [`hit`](Self::hit).
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
        self.hit(query, &policy).map_err(|miss| Missed { miss, policy })
    }

    /// [`hit_in_time`](Self::hit_in_time).
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
        self.hit_in_time(query, &policy).map_err(|miss| Missed { miss, policy })
    }
}

/// Looks an async call up.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn enter_async<R, Q, P, K, V, S>(
    cache: &Cache<K, V, S>,
    query: Q,
    policy: P,
) -> Entered<'_, R, Q, P, K, V, S>
where
    Q: Lookup<Key = K>,
    P: Policy<R, Stored = V>,
    S: Scope,
{
    match GivenCache::new(cache).hit(&query, &policy) {
        Ok(result) => Entered::Hit(result),
        Err(miss) => Entered::Open(Open { cache, missed: Missed { miss, policy }, query }),
    }
}

impl<P> Missed<P> {
    /// Goes on.
    pub fn open<R, Q, V, S: Scope>(
        self,
        cache: &Cache<Q::Key, V, S>,
        query: Q,
    ) -> Entered<'_, R, Q, P, Q::Key, V, S>
    where
        Q: Lookup,
        P: Policy<R, Stored = V>,
    {
        Entered::Open(Open { cache, missed: self, query })
    }
}

impl<'c, Q: Lookup<Key = K>, P, K, V, S: Scope> Open<'c, Q, P, K, V, S> {
    /// Goes on, and waits for the result if somebody else is computing it.
    pub async fn step<R>(self) -> Step<'c, R, P, K, V, S>
    where
        P: Policy<R, Stored = V>,
    {
        let Self { cache, missed: Missed { miss, policy }, query } = self;
        match call::after_first_async(cache.engine(), miss, query, policy).await {
            ControlFlow::Break(result) => Step::Done(result),
            ControlFlow::Continue(run) => Step::Run(run),
        }
    }
}

impl<R, Q, P, K, V, S: Scope> fmt::Debug for Entered<'_, R, Q, P, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entered")
    }
}

impl<R, P, K, V, S: Scope> fmt::Debug for Step<'_, R, P, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Step")
    }
}

impl<Q, P, K, V, S: Scope> fmt::Debug for Open<'_, Q, P, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Open")
    }
}

impl<P> fmt::Debug for Missed<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Missed")
    }
}

//! The functions that expansions call besides a plain look-up: the controls, and the slow half of an async call.
//!
//! It turns caches into engines, so that the [call room](crate::call) knows nothing of the public handle.

use crate::cache::cache::Cache;
use crate::call::async_call;
use crate::call::async_run::AsyncRun;
use crate::call::cache_call::{self, CacheCall, Start};
use crate::call::call;
use crate::call::result_policy::Policy;
use crate::call::run::Run;
use crate::engine::hit::Miss;
use crate::expand::bounds::shared::OfType;
use crate::key::lookup::Lookup;
use crate::scope::scope::Scope;
use std::ops::ControlFlow;

pub use crate::call::call::Ask;

/// Goes on with an async call that had no result at once. Waits if another run computes the result. Breaks with
/// the result, or continues with a run.
pub fn go_on<R, Q, P, K, V, S>(
    cache: &Cache<K, V, S>,
    miss: Miss,
    query: Q,
    policy: P,
) -> impl Future<Output = ControlFlow<R, AsyncRun<'_, P, K, V, S>>>
where
    Q: Lookup<Key = K>,
    P: Policy<R, Stored = V>,
    S: Scope,
{
    async_call::after_first_async(cache.engine(), miss, query, policy)
}

/// Starts a run of the body, whether a value is stored or not.
#[inline]
pub fn refresh<Q, P, K, V, S>(cache: &Cache<K, V, S>, query: Q, policy: P) -> Run<'_, P, K, V, S>
where
    Q: Lookup<Key = K>,
    S: Scope,
{
    call::refresh(cache.engine(), query, policy)
}

/// Makes a call that says how it was answered, or a refresh, up to its run. Breaks with the result, or continues with a run.
#[inline]
pub fn observe<R, Q, P, K, V, S>(
    cache: &Cache<K, V, S>,
    start: Start,
    query: Q,
    policy: P,
) -> ControlFlow<CacheCall<R>, Run<'_, P, K, V, S>>
where
    Q: Lookup<Key = K>,
    P: Policy<R, Stored = V>,
    S: Scope,
{
    let typed = cache.engine();
    cache_call::observe((typed.engine(), typed), start, query, policy)
}

/// [`observe`], for an async call.
pub fn observe_async<R, Q, P, K, V, S>(
    cache: &Cache<K, V, S>,
    start: Start,
    query: Q,
    policy: P,
) -> impl Future<Output = ControlFlow<CacheCall<R>, AsyncRun<'_, P, K, V, S>>>
where
    Q: Lookup<Key = K>,
    P: Policy<R, Stored = V>,
    S: Scope,
{
    cache_call::observe_async(cache.engine(), start, query, policy)
}

/// The result alone of a call that says how it was answered.
pub async fn value_of<R>(call: impl Future<Output = CacheCall<R>>) -> R {
    call.await.value
}

/// Says what a given cache has to hold. So the compiler reports another cache at the expression that gives it.
#[inline]
pub fn holding<K, V, S: Scope>(_value: OfType<V>, cache: &Cache<K, V, S>) -> &Cache<K, V, S> {
    cache
}

/// Asks a cache about one call. The answer to [`Ask::Insert`] is `None`.
#[inline]
pub fn ask<R, Q, P, K, V, S>(
    cache: &Cache<K, V, S>,
    what: Ask<R>,
    query: Q,
    policy: &P,
) -> Option<R>
where
    Q: Lookup<Key = K>,
    P: Policy<R, Stored = V>,
    S: Scope,
{
    call::ask(cache.engine(), what, query, policy)
}

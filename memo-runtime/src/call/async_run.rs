//! The run of an async body.
//!
//! Dropping the future of a call drops its run: the waiters go on, and one of them runs the body.

use crate::call::cache_call::{CacheCall, CallStatus, Ended};
use crate::call::result_policy::{Policy, RunResult};
use crate::call::run::replace;
use crate::call::run_guard::RunGuard;
use crate::call::span::{Outcome, PolledSpan};
use crate::engine::typed::TypedEngine;
use crate::entry::entry::Entry;
use crate::scope::scope::Scope;
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

/// An async body that is about to run.
#[must_use]
pub struct AsyncRun<'c, P, K, V, S: Scope> {
    /// `None` if the call bypasses its cache.
    guard: Option<RunGuard<'c, S>>,
    policy: P,
    span: PolledSpan,
    types: PhantomData<S::Ptr<Entry<K, V>>>,
}

impl<'c, P, K, V, S: Scope> AsyncRun<'c, P, K, V, S> {
    /// The run of this guard starts.
    pub(crate) fn start(
        engine: &TypedEngine<K, V, S>,
        mut guard: RunGuard<'c, S>,
        policy: P,
    ) -> Self {
        guard.start();
        Self::new(engine, guard, policy)
    }

    /// The run of this guard, which has started.
    #[inline]
    pub(super) fn new(_engine: &TypedEngine<K, V, S>, guard: RunGuard<'c, S>, policy: P) -> Self {
        let span = PolledSpan::new(&guard.engine.parameters);
        Self { guard: Some(guard), policy, span, types: PhantomData }
    }

    /// The body of a call that bypasses its cache.
    pub(crate) fn bypass(engine: &TypedEngine<K, V, S>, policy: P) -> Self {
        let span = PolledSpan::new(&engine.engine().parameters);
        Self { guard: None, policy, span, types: PhantomData }
    }

    /// Asks what stands below the cache. If that has the value, the run ends with it, and this is true.
    pub(super) async fn asks(&mut self) -> bool {
        match &mut self.guard {
            Some(guard) if guard.engine.below.is_some() => {
                let is_given = Box::pin(guard.is_given()).await;
                guard.started = guard.started.again();
                is_given
            }
            _ => false,
        }
    }

    /// [`asks`](Self::asks), and blocks the thread.
    pub(super) fn asks_and_blocks(&mut self) -> bool {
        let Some(guard) = &mut self.guard else { return false };
        if guard.engine.below.is_none() {
            return false;
        }
        let young = guard.ask_and_block();
        guard.started = guard.started.again();
        young.map(|young| guard.finish_given(young)).is_some()
    }

    /// Polls the body, and does with its result what [`Run::finish`](crate::call::run::Run::finish) does.
    #[inline]
    pub fn drive<R>(self, body: impl Future<Output = R>) -> impl Future<Output = R>
    where
        P: Policy<R, Stored = V>,
    {
        self.driven(body, |result, _| result)
    }

    /// [`drive`](Self::drive), for a call that says how it was answered.
    pub fn drive_call<R>(self, body: impl Future<Output = R>) -> impl Future<Output = CacheCall<R>>
    where
        P: Policy<R, Stored = V>,
    {
        self.driven(body, CacheCall::of_run)
    }

    /// `then` gets the result, and how the call is answered.
    #[inline]
    fn driven<B, R, T, N>(self, body: B, then: N) -> Driven<'c, B, P, K, V, N, S>
    where
        B: Future<Output = R>,
        P: Policy<R, Stored = V>,
        N: Fn(R, Ended) -> T,
    {
        let Self { guard, policy, span, types } = self;
        Driven { body: Some(body), guard, policy, span, then, types }
    }
}

/// A run of an async body, as a future. It is no `async` block: that would have room for the body twice.
struct Driven<'c, B, P, K, V, N, S: Scope> {
    /// It is pinned, and `None` once it was dropped.
    body: Option<B>,
    /// Dropped after the body, and then the waiters go on.
    guard: Option<RunGuard<'c, S>>,
    policy: P,
    span: PolledSpan,
    then: N,
    types: PhantomData<S::Ptr<Entry<K, V>>>,
}

impl<B, R, P, K, V, N, T, S> Future for Driven<'_, B, P, K, V, N, S>
where
    B: Future<Output = R>,
    P: Policy<R, Stored = V>,
    N: Fn(R, Ended) -> T,
    S: Scope,
{
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        #[expect(unsafe_code, reason = "the body is pinned")]
        // SAFETY: the body is moved neither here nor when this is dropped.
        let this = unsafe { self.get_unchecked_mut() };
        // If this panics, the span ends here.
        let mut span = std::mem::replace(&mut this.span, PolledSpan::NONE);
        let entered = span.enter();
        // A `Clone` or a `Drop` that calls the same function is a part of the run.
        let here = this.guard.as_ref().and_then(RunGuard::here);
        let Poll::Ready(mut result) = this.poll_body(cx) else {
            this.guard.iter_mut().for_each(RunGuard::stays_pending);
            drop(here);
            entered.exit();
            this.span = span;
            return Poll::Pending;
        };
        this.drop_body();
        let Some(guard) = &mut this.guard else {
            entered.exit();
            span.end(|| Outcome::Bypassed);
            return Poll::Ready((this.then)(result, Ended::Run(CallStatus::Bypassed)));
        };
        #[expect(unsafe_code, reason = "a run has no types")]
        // SAFETY: the run is of a cache with values `V`.
        let mut ended = unsafe { RunResult::new(&this.policy, &result) };
        let refusal = guard.finish(&mut ended);
        let status = guard.status();
        let old = guard.take_old_answer();
        #[expect(unsafe_code, reason = "a run has no types")]
        // SAFETY: the entries of the run's cache are of these types.
        let ended = old.map_or(Ended::Run(status), |old| unsafe {
            replace::<K, _, _, S>(&mut result, &this.policy, old)
        });
        drop(here);
        entered.exit();
        span.end(|| refusal.unwrap_or_else(|| guard.outcome()));
        Poll::Ready((this.then)(result, ended))
    }
}

impl<B: Future, P, K, V, N, S: Scope> Driven<'_, B, P, K, V, N, S> {
    /// The result is written where it stays.
    #[inline]
    fn poll_body(&mut self, cx: &mut Context<'_>) -> Poll<B::Output> {
        let body = self.body.as_mut().expect("it is there until it is dropped");
        #[expect(unsafe_code, reason = "the body is pinned")]
        // SAFETY: this is pinned, and the body is not moved before it is dropped.
        let mut body = unsafe { Pin::new_unchecked(body) };
        let Some(guard) = &self.guard else { return body.poll(cx) };
        let _check = guard.enter_check();
        let mut polled = Poll::Pending;
        guard.poll(cx, &mut |cx| {
            polled = body.as_mut().poll(cx);
            polled.is_ready()
        });
        polled
    }
}

impl<B, P, K, V, N, S: Scope> Driven<'_, B, P, K, V, N, S> {
    /// Drops the body where it is. The caller is in the run.
    fn drop_body(&mut self) {
        self.body = None;
        self.guard.as_ref().inspect(|guard| guard.end_leading());
    }
}

impl<B, P, K, V, N, S: Scope> Drop for Driven<'_, B, P, K, V, N, S> {
    fn drop(&mut self) {
        if self.body.is_some() {
            let _here = self.guard.as_ref().and_then(RunGuard::here);
            self.drop_body();
        }
    }
}

impl<P, K, V, S: Scope> fmt::Debug for AsyncRun<'_, P, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AsyncRun")
    }
}

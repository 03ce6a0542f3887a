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
use crate::scope::runners::PolledRun;
use crate::scope::scope::Scope;
use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::{Pin, pin};
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
    pub(crate) fn start(
        _engine: &TypedEngine<K, V, S>,
        mut guard: RunGuard<'c, S>,
        policy: P,
    ) -> Self {
        guard.start();
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
        self.poll_to_end(body, |result, _| result)
    }

    /// [`drive`](Self::drive), for a call that says how it was answered.
    pub fn drive_call<R>(self, body: impl Future<Output = R>) -> impl Future<Output = CacheCall<R>>
    where
        P: Policy<R, Stored = V>,
    {
        self.poll_to_end(body, CacheCall::of_run)
    }

    /// `then` gets the result, and how the call is answered.
    #[inline]
    async fn poll_to_end<R, T>(
        self,
        body: impl Future<Output = R>,
        then: impl Fn(R, Ended) -> T,
    ) -> T
    where
        P: Policy<R, Stored = V>,
    {
        let Self { guard, policy, span, .. } = self;
        let mut driven = Driven { body: pin!(Some(body)), guard, span };
        // The result is finished where it was polled, and moved from there once.
        poll_fn(move |cx| {
            // If this panics, the span ends here.
            let mut span = std::mem::replace(&mut driven.span, PolledSpan::NONE);
            let entered = span.enter();
            let Poll::Ready(mut result) = driven.poll(cx) else {
                entered.exit();
                driven.span = span;
                return Poll::Pending;
            };
            driven.drop_body();
            let Some(guard) = &mut driven.guard else {
                entered.exit();
                span.end(|| Outcome::Bypassed);
                return Poll::Ready(then(result, Ended::Run(CallStatus::Bypassed)));
            };
            // A `Clone` that calls the same function is a part of the run.
            let here = guard.wait().map(|wait| PolledRun::enter(wait.owner()));
            #[expect(unsafe_code, reason = "a run has no types")]
            // SAFETY: the run is of a cache with values `V`.
            let mut ended = unsafe { RunResult::new(&policy, &result) };
            let refusal = guard.finish(&mut ended);
            let status = guard.status();
            let old = guard.take_old_answer();
            #[expect(unsafe_code, reason = "a run has no types")]
            // SAFETY: the entries of the run's cache are of these types.
            let ended = old.map_or(Ended::Run(status), |old| unsafe {
                replace::<K, _, _, S>(&mut result, &policy, old)
            });
            drop(here);
            entered.exit();
            span.end(|| refusal.unwrap_or_else(|| guard.outcome()));
            Poll::Ready(then(result, ended))
        })
        .await
    }
}

/// An async body and its guard.
struct Driven<'a, 'c, F, S: Scope> {
    body: Pin<&'a mut Option<F>>,
    /// Dropped after the body, and then the waiters go on.
    guard: Option<RunGuard<'c, S>>,
    span: PolledSpan,
}

impl<F: Future, S: Scope> Driven<'_, '_, F, S> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<F::Output> {
        let body = self.body.as_mut().as_pin_mut().expect("it is there until it is dropped");
        let _check = self.guard.as_ref().and_then(RunGuard::enter_check);
        match self.guard.as_ref().and_then(RunGuard::wait) {
            Some(wait) => wait.lead(cx, |cx| body.poll(cx)),
            None => body.poll(cx),
        }
    }
}

impl<F, S: Scope> Driven<'_, '_, F, S> {
    /// A `Drop` that calls the same function is a part of the run.
    fn drop_body(&mut self) {
        let wait = self.guard.as_ref().and_then(RunGuard::wait);
        let here = wait.map(|wait| PolledRun::enter(wait.owner()));
        self.body.set(None);
        drop(here);
        if let Some(wait) = wait {
            wait.end_leading();
        }
    }
}

impl<F, S: Scope> Drop for Driven<'_, '_, F, S> {
    fn drop(&mut self) {
        if self.body.is_some() {
            self.drop_body();
        }
    }
}

impl<P, K, V, S: Scope> fmt::Debug for AsyncRun<'_, P, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AsyncRun")
    }
}

//! A run in the background that renews a stored value.
//!
//! The call that finds a value due for a refresh is answered with it, and hands the run over: to a thread of ours, or to
//! what the program names. Such a run owns all that it needs. For those who wait for it, it is a runner of its own, as an
//! async run is; a blocking body is an async one that is polled once.
//!
//! A run that is dropped before its end gives its flight up. The old value stays, and a later call tries again.

use crate::base::background;
use crate::base::catch_panic::catch_panic;
use crate::call::async_run::AsyncRun;
use crate::call::result_policy::Policy;
use crate::call::run_guard::RunGuard;
use crate::engine::engine::EnginePtr;
use crate::engine::typed::TypedEngine;
use crate::entry::entry::EntryPtr;
use crate::scope::scope::{Scope, Shared};
use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::pin::pin;
use std::ptr::NonNull;
use std::task::{Context, Waker};

/// A run in the background, of a shared cache with keys `K` and values `V`.
#[must_use = "a run that is dropped renews nothing"]
pub struct Renewal<K, V> {
    /// Dropped before the engine, which it borrows.
    guard: RunGuard<'static, Shared>,
    key: RenewedKey<K, V>,
}

/// A [`Renewal`] whose body is about to run.
#[must_use = "a run that is dropped renews nothing"]
pub struct StartedRenewal<P, K, V> {
    /// Dropped before the engine, which it borrows.
    run: AsyncRun<'static, P, K, V, Shared>,
    engine: TypedEngine<K, V, Shared>,
}

/// A renewal that was started, and the key to run its body with.
pub(crate) type Started<P, K, V> = (RenewedKey<K, V>, StartedRenewal<P, K, V>);

/// The key of a [`Renewal`]. The arguments of the body borrow from it.
pub struct RenewedKey<K, V> {
    entry: EntryPtr<Shared>,
    engine: TypedEngine<K, V, Shared>,
}

/// A run on its way to the background, as the function that receives it sees it.
pub type Handed<K, V> = Cell<Option<Renewal<K, V>>>;

/// Hands a run over to the function that the cache has for that. If it panics, the run is given up: the call has its
/// answer.
#[cold]
pub(crate) fn hand_over<K, V, S: Scope>(engine: &TypedEngine<K, V, S>, guard: RunGuard<'_, S>) {
    let Some(renew) = engine.engine().renew_in_background() else { return };
    let Some(renewal) = Renewal::new(engine, guard) else { return };
    let handed: Handed<K, V> = Cell::new(Some(renewal));
    if renew.takes(typeid::of::<Handed<K, V>>()) {
        #[expect(unsafe_code, reason = "the function has forgotten its type")]
        // SAFETY: it takes such an argument.
        catch_panic(|| unsafe { renew.call(NonNull::from(&handed).cast()) });
    }
}

impl<K, V> Renewal<K, V> {
    /// `None` if the cache belongs to one thread: there is no background for it.
    fn new<S: Scope>(engine: &TypedEngine<K, V, S>, guard: RunGuard<'_, S>) -> Option<Self> {
        #[expect(unsafe_code, reason = "the run owns the engine that it borrows")]
        // SAFETY: the two types differ in a lifetime, that of the engine which the guard borrows. The engine is owned beside
        // the guard, and dropped after it.
        let guard = unsafe { std::mem::transmute::<RunGuard<'_, S>, RunGuard<'static, S>>(guard) };
        // The caller owns the engine as well until this has returned.
        let untyped: EnginePtr<S> = engine.engine().clone();
        let (untyped, guard) = (of_type(untyped)?, of_type::<_, RunGuard<'static, Shared>>(guard)?);
        let entry = EntryPtr::clone(&guard.entry);
        #[expect(unsafe_code, reason = "an engine has no types")]
        // SAFETY: it is the engine of these types.
        let engine = unsafe { TypedEngine::of(&untyped).clone() };
        Some(Self { guard, key: RenewedKey { entry, engine } })
    }

    /// The body is about to run, unless a call has run it meanwhile: the value may have expired since.
    pub fn start<P>(self, policy: P) -> Option<Started<P, K, V>> {
        let Self { key, guard } = self;
        if !guard.begin() {
            return None;
        }
        let engine = key.engine.clone();
        let run = AsyncRun::start(&engine, guard, policy);
        Some((key, StartedRenewal { run, engine }))
    }

    /// The whole run, of a body that blocks.
    pub fn run<R, P>(self, policy: P, body: impl FnOnce(&K) -> R)
    where
        P: Policy<R, Stored = V>,
    {
        let Some((key, mut run)) = self.start(policy) else { return };
        if run.run.asks_and_blocks() {
            return;
        }
        let result = pin!(run.poll_to_end(async { body(key.get()) }));
        // It never waits.
        let _ = result.poll(&mut Context::from_waker(Waker::noop()));
    }
}

impl<P, K, V> StartedRenewal<P, K, V> {
    /// Polls the body to its end, and stores its result. A value from below takes its place.
    pub async fn drive<R>(mut self, body: impl Future<Output = R>)
    where
        P: Policy<R, Stored = V>,
    {
        if !self.run.asks().await {
            self.poll_to_end(body).await;
        }
    }

    async fn poll_to_end<R>(self, body: impl Future<Output = R>)
    where
        P: Policy<R, Stored = V>,
    {
        // Dropped in the opposite order.
        let Self { engine: _engine, run } = self;
        drop(run.drive(body).await);
    }
}

impl<K, V> RenewedKey<K, V> {
    /// The key.
    #[must_use]
    pub fn get(&self) -> &K {
        &self.engine.entry(&self.entry).key
    }
}

/// A value of one type, if it is the other type.
fn of_type<A: 'static, B: 'static>(value: A) -> Option<B> {
    (&mut Some(value) as &mut dyn Any).downcast_mut::<Option<B>>()?.take()
}

/// The whole run as a job, of a body that blocks.
pub fn renewal_job<K, V, R, P>(
    renewal: &Handed<K, V>,
    policy: P,
    body: fn(&K) -> R,
) -> impl FnOnce() + Send + 'static
where
    K: Send + Sync + 'static,
    V: Send + Sync + 'static,
    R: 'static,
    P: Policy<R, Stored = V> + Send + 'static,
{
    let renewal = renewal.take();
    move || {
        if let Some(renewal) = renewal {
            renewal.run(policy, body);
        }
    }
}

/// Gives a run to the function of the program that has it run in the background. The run comes first: so the compiler
/// knows its type when it comes to a closure.
pub fn hand_to<J, R>(run: J, spawn: impl FnOnce(J) -> R) {
    drop(spawn(run));
}

/// Runs a job on one of a few threads that end when they are idle. If too many jobs wait, it is dropped.
pub fn on_own_threads(job: impl FnOnce() + Send + 'static) {
    drop(background::refreshes().spawn(Box::new(job)));
}

impl<K, V> fmt::Debug for Renewal<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Renewal")
    }
}

impl<P, K, V> fmt::Debug for StartedRenewal<P, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StartedRenewal")
    }
}

impl<K, V> fmt::Debug for RenewedKey<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RenewedKey")
    }
}

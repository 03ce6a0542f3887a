//! The synchronisation primitives of the runtime: those of the standard library or, with `--cfg memofn_models`, those of
//! a schedule explorer.
//!
//! Under the explorer a static belongs to one execution of a model, and time stands still.

pub(crate) use chosen::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence};
pub(crate) use chosen::{MutexGuard, thread_local, yield_now};
use chosen::{RwLockReadGuard, RwLockWriteGuard};
pub(crate) use std::sync::Arc;

use std::sync::{PoisonError, TryLockError};
use std::time::Duration;

#[cfg(all(target_family = "wasm", target_os = "unknown"))]
pub(crate) use crate::base::supplied_clock::Instant;
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
pub(crate) use std::time::Instant;

/// Whether the target has one thread only. It must not block, since it would wait for itself.
pub(crate) const IS_ALONE: bool =
    cfg!(all(target_family = "wasm", not(target_feature = "atomics")));

#[cfg(not(all(test, memofn_models)))]
mod chosen {
    pub(crate) use std::sync::{Condvar, Mutex, MutexGuard, atomic};
    pub(crate) use std::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};
    pub(crate) use std::thread::yield_now;
    pub(crate) use std::thread_local;
}

#[cfg(all(test, memofn_models))]
mod chosen {
    pub(crate) use shuttle::sync::{Condvar, Mutex, MutexGuard, atomic};
    pub(crate) use shuttle::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};
    pub(crate) use shuttle::thread::yield_now;
    pub(crate) use shuttle::thread_local;
}

/// Declares statics that models can reset.
#[cfg(not(all(test, memofn_models)))]
macro_rules! statics {
    ($($(#[$attribute:meta])* static $name:ident: $type:ty = $value:expr;)*) => {
        $($(#[$attribute])* static $name: $type = $value;)*
    };
}

#[cfg(all(test, memofn_models))]
macro_rules! statics {
    ($($(#[$attribute:meta])* static $name:ident: $type:ty = $value:expr;)*) => {
        shuttle::lazy_static! { $($(#[$attribute])* static ref $name: $type = $value;)* }
    };
}

pub(crate) use statics;

/// A mutex without poisoning. No user code runs while it is held, so no panic can leave its data half changed.
#[derive(Debug, Default)]
#[allow(unreachable_pub, reason = "an associated type of a public, sealed trait")]
pub struct Mutex<T>(chosen::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(chosen::Mutex::new(value))
    }

    #[inline]
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        match self.0.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(guard)) => guard.into_inner(),
            Err(TryLockError::WouldBlock) => self.lock_contended(),
        }
    }

    /// Yields a few times before the thread sleeps.
    ///
    /// A lock is held for less than a microsecond, and to wake a thread that sleeps takes several. To spin is no better: the
    /// lock is then taken as soon as it is free, and the lines behind it change the processor at each turn. A thread that
    /// yields leaves the other one alone for a while. If two threads miss all the time, a miss takes half the time.
    #[cold]
    fn lock_contended(&self) -> MutexGuard<'_, T> {
        for _ in 0..Self::YIELDS {
            yield_now();
            if let Ok(guard) = self.0.try_lock() {
                return guard;
            }
        }
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// None in a model: each is one more step to explore.
    const YIELDS: u32 = if cfg!(all(test, memofn_models)) { 0 } else { 4 };
}

/// A lock for one writer or many readers, without poisoning, as a [`Mutex`] is.
#[derive(Debug, Default)]
pub(crate) struct RwLock<T>(chosen::RwLock<T>);

impl<T> RwLock<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(chosen::RwLock::new(value))
    }

    #[inline]
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, T> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, T> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A condition variable for [`Mutex`].
#[derive(Debug, Default)]
pub(crate) struct Condvar(chosen::Condvar);

impl Condvar {
    pub(crate) const fn new() -> Self {
        Self(chosen::Condvar::new())
    }

    /// Waits. `guard` is the guard of `mutex`.
    pub(crate) fn wait_timeout<'a, T>(
        &self,
        mutex: &'a Mutex<T>,
        guard: MutexGuard<'a, T>,
        timeout: Duration,
    ) -> MutexGuard<'a, T> {
        #[cfg(all(test, memofn_models))]
        if patience::passes(timeout) {
            drop(guard);
            yield_now();
            return mutex.lock();
        }
        let _ = mutex;
        self.0.wait_timeout(guard, timeout).unwrap_or_else(PoisonError::into_inner).0
    }

    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }
}

/// The time by which waits are measured.
pub(crate) fn now() -> Instant {
    #[cfg(all(test, memofn_models))]
    return patience::now();
    #[cfg(not(all(test, memofn_models)))]
    Instant::now()
}

/// The time of models. It stands still, so that a wait never times out and a deadlock is seen as one.
#[cfg(all(test, memofn_models))]
pub(crate) mod patience {
    // From the standard library, so that reading the time is no step to explore.
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
    use std::time::{Duration, Instant};

    super::statics! {
        static ENDS: AtomicBool = AtomicBool::new(false);
        static PASSED: AtomicU64 = AtomicU64::new(0);
    }

    /// Makes these statics. The explorer cannot make them while a thread unwinds.
    pub(crate) fn prepare() {
        PASSED.store(u64::from(ENDS.load(Relaxed)), Relaxed);
    }

    /// From now on each wait times out at some moment.
    pub(crate) fn ends() {
        ENDS.store(true, Relaxed);
    }

    /// Lets time pass.
    pub(crate) fn pass(time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).expect("waits are short");
        PASSED.fetch_add(nanos, Relaxed);
    }

    pub(super) fn passes(time: Duration) -> bool {
        let ends = ENDS.load(Relaxed);
        if ends {
            pass(time);
        }
        ends
    }

    pub(super) fn now() -> Instant {
        static START: OnceLock<Instant> = OnceLock::new();
        *START.get_or_init(Instant::now) + Duration::from_nanos(PASSED.load(Relaxed))
    }
}

/// Keeps a value for as long as any thread may use it.
#[cfg(not(all(test, memofn_models)))]
pub(crate) fn forever<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

/// Keeps a value for one execution of a model. Leaking it would use too much memory over all executions.
#[cfg(all(test, memofn_models))]
pub(crate) fn forever<T: Send + Sync>(value: T) -> &'static T {
    type Kept = Vec<Arc<dyn std::any::Any + Send + Sync>>;
    statics! {
        static KEPT: std::sync::Mutex<Kept> = std::sync::Mutex::default();
    }
    let value = Arc::new(value);
    KEPT.lock().unwrap_or_else(PoisonError::into_inner).push(value.clone());
    #[expect(
        unsafe_code,
        reason = "a static of one execution outlives the threads of that execution only"
    )]
    // SAFETY: `KEPT` holds the value until all threads of the execution have ended.
    unsafe {
        &*Arc::as_ptr(&value)
    }
}

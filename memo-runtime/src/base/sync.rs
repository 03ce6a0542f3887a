//! The synchronisation primitives the runtime stands on, in one place: those of the standard library,
//! or, with `--cfg memofn_models`, those of a schedule explorer, on which the models run.
//!
//! What is static belongs to one execution of a model then, and time stands still.

pub(crate) use chosen::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence};
pub(crate) use chosen::{MutexGuard, thread_local, yield_now};
pub(crate) use std::sync::Arc;

use std::sync::PoisonError;
use std::time::Duration;

#[cfg(all(target_family = "wasm", target_os = "unknown"))]
pub(crate) use crate::base::supplied_clock::Instant;
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
pub(crate) use std::time::Instant;

/// There is one thread and never another: who blocks it waits for itself.
pub(crate) const IS_ALONE: bool =
    cfg!(all(target_family = "wasm", not(target_feature = "atomics")));

#[cfg(not(all(test, memofn_models)))]
mod chosen {
    pub(crate) use std::sync::{Condvar, Mutex, MutexGuard, atomic};
    pub(crate) use std::thread::yield_now;
    pub(crate) use std::thread_local;
}

#[cfg(all(test, memofn_models))]
mod chosen {
    pub(crate) use shuttle::sync::{Condvar, Mutex, MutexGuard, atomic};
    pub(crate) use shuttle::thread::yield_now;
    pub(crate) use shuttle::thread_local;
}

/// Declares statics.
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

/// A mutex without poisoning: no user code runs while one is held, so none can be left halfway.
#[derive(Debug, Default)]
#[allow(unreachable_pub, reason = "an associated type of a public, sealed trait")]
pub struct Mutex<T>(chosen::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(chosen::Mutex::new(value))
    }

    #[inline]
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A condition variable to go with [`Mutex`].
#[derive(Debug, Default)]
pub(crate) struct Condvar(chosen::Condvar);

impl Condvar {
    pub(crate) const fn new() -> Self {
        Self(chosen::Condvar::new())
    }

    /// Waits, with `guard` being that of `mutex`.
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

/// The time that waits are measured in.
pub(crate) fn now() -> Instant {
    #[cfg(all(test, memofn_models))]
    return patience::now();
    #[cfg(not(all(test, memofn_models)))]
    Instant::now()
}

/// The time of models: it stands still, and who waits waits forever, so that a deadlock is one.
#[cfg(all(test, memofn_models))]
pub(crate) mod patience {
    // Of the standard library, so that asking for the time is not one more step to explore.
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
    use std::time::{Duration, Instant};

    super::statics! {
        static ENDS: AtomicBool = AtomicBool::new(false);
        static PASSED: AtomicU64 = AtomicU64::new(0);
    }

    /// Makes these statics, which the explorer cannot do while some thread is unwinding.
    pub(crate) fn prepare() {
        PASSED.store(u64::from(ENDS.load(Relaxed)), Relaxed);
    }

    /// From now on all waits time out, sooner or later.
    pub(crate) fn ends() {
        ENDS.store(true, Relaxed);
    }

    /// Lets time pass, for all.
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

/// Keeps a value for as long as there are threads to use it.
#[cfg(not(all(test, memofn_models)))]
pub(crate) fn forever<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

/// A hundred thousand executions would leak too much.
#[cfg(all(test, memofn_models))]
pub(crate) fn forever<T: Send + Sync>(value: T) -> &'static T {
    type Kept = Vec<Arc<dyn std::any::Any + Send + Sync>>;
    statics! {
        static KEPT: std::sync::Mutex<Kept> = std::sync::Mutex::default();
    }
    let value = Arc::new(value);
    KEPT.lock().unwrap_or_else(PoisonError::into_inner).push(value.clone());
    #[expect(unsafe_code, reason = "what is static in an execution outlives its threads alone")]
    // SAFETY: it is kept until all threads of the execution have ended.
    unsafe {
        &*Arc::as_ptr(&value)
    }
}

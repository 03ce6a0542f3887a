//! Time on `wasm32-unknown-unknown`, whose standard library has no clock.
//!
//! Time stands still until the program supplies a clock. The module imports nothing from the host.

use std::sync::OnceLock;
use std::time::Duration;

static CLOCK: OnceLock<fn() -> Duration> = OnceLock::new();

/// Supplies a clock on a target without one: `wasm32-unknown-unknown`. The clock gives the time since any origin.
///
/// Only `ttl` needs it. Without it, the first use of a cache with a `ttl` panics, as
/// [`Instant::now`](std::time::Instant::now) does. The first clock that is supplied stays. It must not
/// go backwards. On all other targets this function does nothing: they read the system's clock.
///
/// ```
/// use std::time::Duration;
///
/// // In a browser, this returns the milliseconds of `performance.now()`.
/// fn milliseconds() -> f64 {
///     # 0.0
/// }
///
/// memofn::set_clock(|| Duration::from_secs_f64(milliseconds() / 1000.0));
/// ```
pub fn set_clock(now: fn() -> Duration) {
    // A second clock is ignored.
    let _ = CLOCK.set(now);
}

#[cfg(all(target_family = "wasm", target_os = "unknown"))]
pub(crate) use target::*;

#[cfg(all(target_family = "wasm", target_os = "unknown"))]
mod target {
    use super::CLOCK;
    use std::ops::{Add, Sub};
    use std::time::Duration;

    pub(crate) fn is_supplied() -> bool {
        CLOCK.get().is_some()
    }

    pub(crate) fn now() -> Duration {
        CLOCK.get().map_or(Duration::ZERO, |now| now())
    }

    /// The counterpart of the standard library's `Instant`, which cannot be made without its clock.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
    pub(crate) struct Instant(Duration);

    #[allow(dead_code, reason = "the methods that the runtime calls on either `Instant`")]
    impl Instant {
        pub(crate) fn now() -> Self {
            Self(now())
        }

        pub(crate) fn duration_since(&self, earlier: Self) -> Duration {
            self.0.saturating_sub(earlier.0)
        }

        pub(crate) fn saturating_duration_since(&self, earlier: Self) -> Duration {
            self.0.saturating_sub(earlier.0)
        }

        pub(crate) fn elapsed(&self) -> Duration {
            now().saturating_sub(self.0)
        }
    }

    impl Add<Duration> for Instant {
        type Output = Self;

        fn add(self, duration: Duration) -> Self {
            Self(self.0.saturating_add(duration))
        }
    }

    impl Sub for Instant {
        type Output = Duration;

        fn sub(self, earlier: Self) -> Duration {
            self.0.saturating_sub(earlier.0)
        }
    }
}

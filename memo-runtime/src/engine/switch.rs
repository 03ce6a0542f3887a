//! Whether calls use caches at all: the switch of the process.
//!
//! Each cache has a switch of its own beside it: see [`Core::is_off`](crate::engine::core::Core::is_off).

use crate::engine::detour;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, Once, PoisonError};

static IS_OFF: AtomicBool = AtomicBool::new(false);

/// Turns all caches of the process off, or on again.
///
/// Off, each call runs the body. Nothing is looked up, stored or waited for, and the call is counted as
/// [`bypassed`](crate::CacheInfo::bypassed) alone. The entries stay and age, and answer when caches are on again. This
/// holds for all calls that start after `set_enabled` has returned, in every thread. A run under way goes on: its value is
/// stored, and the calls that wait for it get it.
///
/// Caches are on at the start, unless the environment variable `MEMOFN` is `off` (in any case). It is read once. While
/// caches are on, the switch costs a call nothing. One cache alone is turned off by [`Cache::enable`](crate::Cache::enable).
///
/// The switch is about calls. The methods of a cache itself work as ever: `peek`, `insert`, `remove`, `retain`,
/// `clear`, iteration, and `cache_refresh`, which stores what it computes. So an entry that is replaced or removed
/// meanwhile is not answered later.
///
/// ```
/// #[memofn::memoize]
/// fn square(n: u64) -> u64 {
///     n * n
/// }
///
/// square(3);
/// memofn::set_enabled(false);
/// square(3);
/// square(4);
/// assert_eq!(square::cache_info().bypassed, 2);
/// memofn::set_enabled(true);
/// square(3);
/// let info = square::cache_info();
/// assert_eq!((info.hits, info.misses, info.currsize), (1, 1, 1));
/// ```
pub fn set_enabled(enabled: bool) {
    read_environment();
    turn(enabled);
}

/// Whether the caches of the process are on: see [`set_enabled`].
///
/// ```
/// assert!(memofn::enabled()); // unless the process was started with MEMOFN=off
/// ```
#[must_use]
pub fn enabled() -> bool {
    read_environment();
    !is_off()
}

/// Whether the caches of the process are off.
#[inline]
pub(crate) fn is_off() -> bool {
    IS_OFF.load(Relaxed)
}

/// Turns the switch as the environment says, at the first time. A cache does this before its first call.
#[inline]
pub(crate) fn read_environment() {
    static READ: Once = Once::new();
    READ.call_once(|| {
        let is_off = std::env::var_os("MEMOFN").is_some_and(|it| it.eq_ignore_ascii_case("off"));
        turn(!is_off);
    });
}

fn turn(enabled: bool) {
    static TURNING: Mutex<()> = Mutex::new(());
    let _turning = TURNING.lock().unwrap_or_else(PoisonError::into_inner);
    if IS_OFF.swap(!enabled, Relaxed) != enabled {
        return;
    }
    if enabled {
        detour::end();
    } else {
        detour::begin();
    }
}

//! Whether tiers are used: by the environment, and by a test.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// How tiers are used.
#[derive(Debug, Clone)]
pub(crate) enum Use {
    Off,
    /// As the program says. Its unit tests use none.
    AsConfigured,
    /// By tests as well, and all files are in this directory.
    In(Arc<Path>),
}

const UNREAD: u8 = 0;
const CONFIGURED: u8 = 1;
const OFF: u8 = 2;
const TESTED: u8 = 3;

static STATE: AtomicU8 = AtomicU8::new(UNREAD);
static DIRECTORY: RwLock<Option<Arc<Path>>> = RwLock::new(None);
static IN_USE: Mutex<()> = Mutex::new(());

/// How tiers are used now.
pub(crate) fn in_force() -> Use {
    match STATE.load(Relaxed) {
        UNREAD => {
            let state = by_environment();
            // A test may have come first.
            let _ = STATE.compare_exchange(UNREAD, state, Relaxed, Relaxed);
            in_force()
        }
        CONFIGURED => Use::AsConfigured,
        TESTED => {
            let directory = DIRECTORY.read().unwrap_or_else(PoisonError::into_inner).clone();
            directory.map_or(Use::Off, Use::In)
        }
        _ => Use::Off,
    }
}

fn by_environment() -> u8 {
    let is_off = env::var_os("MEMOFN_TIERS").is_some_and(|value| {
        ["off", "0", "false", "no"].iter().any(|off| value.eq_ignore_ascii_case(off))
    });
    if is_off { OFF } else { CONFIGURED }
}

/// Has tests use tiers, in a directory of their own. While it lives, tiers are on: also in unit tests, and if the variable
/// `MEMOFN_TIERS` says `off`. All files of `disk` are in the directory.
///
/// Caches keep what they have. [`clear_all()`](crate::clear_all()) empties them, and the tiers below them: so clear before you
/// ask for the tiers, or look up keys that are new.
///
/// ```
/// use memofn::tier::{Answer, Asked, Forget, Kept, Lease, Pending, Record, Tier};
/// use memofn::{memoize, testing};
///
/// struct Forgetful;
///
/// impl Tier for Forgetful {
///     fn ask(&self, _: &Asked) -> Pending<Answer> {
///         Pending::ready(Answer::Yours(Lease::NONE))
///     }
///     fn keep(&self, _: &Asked, _: Record, _: Option<Lease>) -> Pending<Kept> {
///         Pending::ready(Kept::Stored)
///     }
///     fn forget(&self, _: Forget<'_>) {}
/// }
///
/// #[memoize(tier = Forgetful)]
/// fn double(n: u64) -> u64 {
///     2 * n
/// }
///
/// let _tiers = testing::tiers(std::env::temp_dir());
/// double(2);
/// assert_eq!(double::cache_info().tier_misses, 1);
/// ```
#[derive(Debug)]
#[must_use = "tiers are as before when this is dropped"]
pub struct TestTiers {
    before: u8,
    _in_use: MutexGuard<'static, ()>,
}

/// Turns tiers on for a test, with their files in this directory. Waits while another test has done so. See [`TestTiers`].
pub fn tiers(directory: impl Into<PathBuf>) -> TestTiers {
    let in_use = IN_USE.lock().unwrap_or_else(PoisonError::into_inner);
    set_directory(Some(directory.into().into()));
    let before = STATE.swap(TESTED, Relaxed);
    TestTiers { before, _in_use: in_use }
}

fn set_directory(directory: Option<Arc<Path>>) {
    *DIRECTORY.write().unwrap_or_else(PoisonError::into_inner) = directory;
}

impl Drop for TestTiers {
    fn drop(&mut self) {
        STATE.store(self.before, Relaxed);
        set_directory(None);
    }
}

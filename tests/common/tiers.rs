//! Functions with a tier in memory, for tests.

use memofn::testing::{self, TestTiers};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::thread;

/// Test binaries are unit tests, which have no tiers unless they ask. They are on to the end of the process.
pub(crate) fn tiers_are_on() {
    static ON: LazyLock<()> = LazyLock::new(|| {
        thread::spawn(|| std::mem::forget::<TestTiers>(testing::tiers(std::env::temp_dir())))
            .join()
            .expect("no panic");
    });
    LazyLock::force(&ON);
}

/// Counts the runs of a body.
#[derive(Debug, Default)]
pub(crate) struct Runs(AtomicU32);

impl Runs {
    pub(crate) const fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    pub(crate) fn run<T>(&self, result: T) -> T {
        self.0.fetch_add(1, SeqCst);
        result
    }

    pub(crate) fn get(&self) -> u32 {
        self.0.load(SeqCst)
    }
}

/// Two functions that are one to their tier.
#[allow(unused_macros, reason = "each test file uses only some of these")]
macro_rules! servers {
    ($tier:ident, $runs:ident: $one:ident, $other:ident ($n:ident: $arg:ty) -> $ret:ty { $($body:tt)* } $($options:tt)*) => {
        static $tier: std::sync::LazyLock<$crate::common::map_tier::MapTier> = std::sync::LazyLock::new(Default::default);
        static $runs: $crate::common::tiers::Runs = $crate::common::tiers::Runs::new();

        #[memofn::memoize(tier = $tier, version = 1, name = "server" $($options)*)]
        fn $one($n: $arg) -> $ret { $runs.run({ $($body)* }) }

        #[memofn::memoize(tier = $tier, version = 1, name = "server" $($options)*)]
        fn $other($n: $arg) -> $ret { $runs.run({ $($body)* }) }
    };
}
#[allow(unused_imports, reason = "each test file uses only some of these")]
pub(crate) use servers;

//! `u64 -> u64`, with a cache for each thread.

use super::bodies::body;
use super::contestant::{contestant, lineup};
use crate::names;

macro_rules! of_each_thread {
    ($module:ident) => {
        pub(crate) mod $module {
            use super::*;

            #[memofn::memoize(maxsize = 1024, scope = "thread")]
            fn ours(key: u64) -> u64 {
                body(key)
            }

            #[memofn::memoize(maxsize = unbounded, scope = "thread")]
            fn ours_unbounded(key: u64) -> u64 {
                body(key)
            }

            #[memoize::memoize(Capacity: 1024)]
            fn by_memoize(key: u64) -> u64 {
                body(key)
            }

            #[memoize::memoize]
            fn by_memoize_unbounded(key: u64) -> u64 {
                body(key)
            }

            contestant!(Memofn, names::MEMOFN_THREAD, |key: u64| -> u64 { ours(*key) });
            contestant!(MemofnUnbounded, names::MEMOFN_THREAD_UNBOUNDED, |key: u64| -> u64 {
                ours_unbounded(*key)
            });
            contestant!(Memoize, names::MEMOIZE, |key: u64| -> u64 { by_memoize(*key) });
            contestant!(MemoizeUnbounded, names::MEMOIZE_UNBOUNDED, |key: u64| -> u64 {
                by_memoize_unbounded(*key)
            });
        }
    };
}

// Hits need full caches; misses and bytes per entry need others.
of_each_thread!(hitting);
of_each_thread!(filling);

/// The bounded contestants, for misses.
pub(crate) mod bounded {
    use super::super::bounded::single_missing::ByHand;
    use super::{filling, lineup};

    lineup!(u64: filling::Memofn, filling::Memoize, ByHand);
}

lineup!(
    u64: super::floor::Floor, hitting::Memofn, hitting::MemofnUnbounded, hitting::Memoize,
    hitting::MemoizeUnbounded
);

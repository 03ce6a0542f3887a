//! Function memoization.
#![forbid(unsafe_code)]
pub use memo_macros::memoize;
#[doc(hidden)]
pub use memo_runtime::__private;
pub use memo_runtime::{
    Cache, CacheBuilder, CacheEntry, CacheInfo, CacheParameters, CacheStatus, Float, Report,
    caches, clear_all, report, scope, testing,
};

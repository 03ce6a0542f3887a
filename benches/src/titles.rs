//! The titles of scenarios, by which plots and targets look groups up.

pub(crate) const HITS: &str = "Hit, shared, 256 keys";
pub(crate) const HOT: &str = "Hit, shared, one hot key";
pub(crate) const ZIPF: &str = "Zipf (0.99) over 10^6 keys, 10^5 entries";
pub(crate) const TEXT: &str = "Hit, (&str, u32) -> Arc<str>";
pub(crate) const TTL: &str = "Hit with a time to live";
pub(crate) const MISSES: &str = "Miss and evict, shared";
pub(crate) const OWNING_MISSES: &str = "Miss and evict, shared, u64 -> String";
pub(crate) const OWNING_ZIPF: &str = "Zipf (0.99) over 10^5 keys, 1024 entries, u64 -> String";
pub(crate) const THREAD_HITS: &str = "Hit, a cache for each thread";
pub(crate) const THREAD_MISSES: &str = "Miss and evict, a cache for each thread";
pub(crate) const FIB: &str = "Cold recursion, fib(90)";
pub(crate) const EDIT: &str = "Cold recursion, edit distance 1000 x 1000";
pub(crate) const STAMPEDE: &str = "64 callers of one slow key";
pub(crate) const ASYNC_HITS: &str = "Async hit, 256 keys";
pub(crate) const ASYNC_MISSES: &str = "Async miss and evict";
pub(crate) const TASKS: &str = "1000 tasks await one slow key";
pub(crate) const BYTES: &str = "Bytes per entry, u64 -> u64, 10^5 entries";
pub(crate) const ALLOCATIONS: &str = "Allocations on a hit";
pub(crate) const IDLE: &str = "Hit beside threads that do nothing";
pub(crate) const ENDED: &str = "Miss and evict, after threads that have ended";
pub(crate) const EXPIRY: &str = "A burst of expiry, u64 -> String";

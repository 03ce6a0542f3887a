//! The threads that read a cache without its lock, as the engine sees them.
//!
//! This file knows what the engine asks of readers. It must not know how they are tracked.

use crate::scope::hazard::Hazards;
use std::fmt::Debug;

/// The readers of a cache: of one that all threads share, or of one that belongs to a thread.
///
/// A cache is named by an address, and so is an entry. Entries are `plain` if their drop runs no user code.
pub trait Readers: Debug {
    #[doc(hidden)]
    type Guard<'a>: ReadGuard
    where
        Self: 'a;

    #[doc(hidden)]
    fn new() -> Self;
    /// A small number that no other thread with access to the cache has at the same time. `None` if the calling
    /// thread has none.
    #[doc(hidden)]
    fn thread_index() -> Option<usize>;
    /// Protects the tables of a cache and begins to read them. `None` sends the caller to the lock, or from
    /// a `QUICK` attempt to one that is not.
    #[doc(hidden)]
    fn read<const QUICK: bool>(&self, cache: usize, plain: bool) -> Option<Self::Guard<'_>>;
    /// Counts a hit.
    #[doc(hidden)]
    fn count_hit(&self, guard: &Self::Guard<'_>) -> HitCount;
    /// All hits so far.
    #[doc(hidden)]
    fn hits(&self) -> u64;
    /// Whether no other thread has registered since a hit that was counted [alone](HitCount::Alone). If none has,
    /// the stamp of that hit cannot have replaced the later stamp of another thread.
    #[doc(hidden)]
    fn is_still_alone(&self, guard: &Self::Guard<'_>) -> bool;
    /// The hits so far of the only thread. 0 if there are several threads.
    #[doc(hidden)]
    fn hits_alone(&self) -> u64;
    /// Whether more than one thread has registered. Called under the lock.
    #[doc(hidden)]
    fn has_several_threads(&self) -> bool;
    /// Registers the calling thread. Called under the lock. If another thread was alone until now, returns the
    /// hits of that thread. It counts no more hits alone.
    #[doc(hidden)]
    fn register_thread(&self) -> Option<u64>;
    /// Whether no call can still read what has left the tables. Known without a scan only while one thread alone
    /// uses the cache.
    #[doc(hidden)]
    fn has_no_readers(&self) -> bool;
    /// Scans for the entries that calls may still read. `is_retired` tells the addresses of what has left the tables.
    /// Each reader of one of them is asked to reclaim it.
    #[doc(hidden)]
    fn scan(&self, cache: usize, plain: bool, is_retired: impl Fn(usize) -> bool) -> Hazards;
    /// Whether no call reads any of these entries. Asks no reader to reclaim. Needs no system call in the common
    /// case, unlike a [scan](Self::scan) for plain entries.
    #[doc(hidden)]
    fn is_unprotected(&self, cache: usize, is_retired: impl Fn(usize) -> bool) -> bool;
}

/// One call that reads.
pub trait ReadGuard {
    /// Protects an entry, and the tables no longer.
    #[doc(hidden)]
    fn protect_entry(&self, entry: usize);
    /// Ends the read. Returns whether reclamation was requested meanwhile, and takes the request.
    #[doc(hidden)]
    fn release(self) -> bool;
    /// Does the same, but leaves the request to the next guard.
    #[doc(hidden)]
    fn release_keep_request(self) -> bool;
}

/// A counted hit.
#[derive(Debug, Clone, Copy)]
pub enum HitCount {
    /// One thread alone has used the cache, and this is its number of hits.
    Alone(u64),
    /// Several threads have used the cache.
    Several,
}

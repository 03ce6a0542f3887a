//! The threads that read a cache without its lock, and the hits that each of them had.
//!
//! This file knows threads, hazards and counts. It must not know entries or tables.

use crate::base::asymmetric_fence;
use crate::base::sync::{
    AtomicBool, AtomicU64, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};
use crate::scope::hazard::{HazardGuard, Hazards, Reader, is_unprotected, scan};
use once_cell::race::OnceBox;
use std::cell::Cell;
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
    /// Protects the tables of a cache and begins to read them. `None` sends the caller to the lock, or, with
    /// `at_once`, to a second attempt without it.
    #[doc(hidden)]
    fn read(&self, cache: usize, plain: bool, at_once: bool) -> Option<Self::Guard<'_>>;
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
    /// Scans for the entries that calls may still read. All `retired` entries have left the tables. Each reader
    /// of one of them is asked to reclaim it.
    #[doc(hidden)]
    fn scan(&self, cache: usize, plain: bool, retired: &[usize]) -> Hazards;
    /// Whether no call reads any of these entries. Asks no reader to reclaim. Needs no system call in the common
    /// case, unlike a [scan](Self::scan) for plain entries.
    #[doc(hidden)]
    fn is_unprotected(&self, cache: usize, retired: &[usize]) -> bool;
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

/// The readers of a shared cache.
///
/// Each thread counts its hits in a cell that no other thread writes. In many programs one thread alone uses a
/// cache. Then it needs no full fence, because only this thread drops what this thread might read.
#[derive(Debug)]
pub struct SharedReaders {
    /// The index of the only thread, or [`NO_THREAD`](Self::NO_THREAD), or [`SEVERAL`](Self::SEVERAL).
    only_thread: AtomicUsize,
    /// All readers see that there are several threads. So each reader of entries that are not plain has a full
    /// fence.
    all_see_several: AtomicBool,
    /// By thread index.
    hits: [OnceBox<ThreadHits>; Self::INLINE],
    /// The hits of threads with a higher index.
    more_hits: OnceBox<HitSegments>,
}

/// The hits of the registered thread of one index. When that thread has ended, a new thread with its index
/// continues the count.
#[derive(Debug)]
#[repr(align(64))]
struct ThreadHits {
    count: AtomicU64,
    /// No other thread is registered.
    is_alone: AtomicBool,
}

impl ThreadHits {
    /// Whether no other thread is registered.
    #[inline]
    fn is_alone(&self) -> bool {
        self.is_alone.load(Acquire)
    }
}

/// The hits of any number of threads, in segments. Each segment is as large as all that comes before it.
#[derive(Debug, Default)]
struct HitSegments([OnceBox<Vec<OnceBox<ThreadHits>>>; Self::SEGMENTS]);

impl HitSegments {
    /// No machine has memory for more threads than fit in these.
    const SEGMENTS: usize = 32;

    /// The segment of a thread index, and the position in it.
    #[inline]
    fn position(index: usize) -> (usize, usize) {
        let segment = (index / SharedReaders::INLINE).ilog2() as usize;
        (segment, index - (SharedReaders::INLINE << segment))
    }

    #[inline]
    fn get(&self, index: usize) -> Option<&ThreadHits> {
        let (segment, at) = Self::position(index);
        self.0.get(segment)?.get()?.get(at)?.get()
    }

    /// The cell of a thread index. Allocates its segment if need be.
    fn cell(&self, index: usize) -> &OnceBox<ThreadHits> {
        let (segment, at) = Self::position(index);
        let new = || {
            Box::new(
                (0..SharedReaders::INLINE << segment).map(|_| OnceBox::new()).collect::<Vec<_>>(),
            )
        };
        &self.0[segment].get_or_init(new)[at]
    }

    fn iter(&self) -> impl Iterator<Item = &ThreadHits> {
        self.0.iter().filter_map(OnceBox::get).flatten().filter_map(OnceBox::get)
    }
}

impl SharedReaders {
    const NO_THREAD: usize = usize::MAX;
    const SEVERAL: usize = usize::MAX - 1;

    /// The hits of this many threads are found without a further step.
    const INLINE: usize = 16;

    /// The hits of the thread of this index, if it is registered.
    #[inline]
    fn thread_hits(&self, index: usize) -> Option<&ThreadHits> {
        match self.hits.get(index) {
            Some(hits) => hits.get(),
            None => self.more_hits.get()?.get(index),
        }
    }

    /// The hits of the only thread. 0 if there is none, or if there are several threads.
    fn hits_of_only(&self, only_thread: usize) -> u64 {
        let is_thread = only_thread < Self::SEVERAL;
        let hits = if is_thread { self.thread_hits(only_thread) } else { None };
        hits.map_or(0, |hits| hits.count.load(Relaxed))
    }

    /// The fence that pairs with the readers of entries that are not plain. Until all of them see that there are
    /// several threads, one of them may read without a full fence, so this has to be a heavy one.
    fn fence(&self) -> bool {
        if self.all_see_several.load(Relaxed) {
            asymmetric_fence::full();
            return true;
        }
        asymmetric_fence::heavy()
    }
}

/// One call that reads a shared cache.
#[derive(Debug)]
pub struct SharedGuard<'a> {
    hazard: HazardGuard,
    hits: &'a ThreadHits,
}

impl ReadGuard for SharedGuard<'_> {
    #[inline]
    fn protect_entry(&self, entry: usize) {
        self.hazard.protect_entry(entry);
    }
    #[inline]
    fn release(self) -> bool {
        self.hazard.release()
    }
    #[inline]
    fn release_keep_request(self) -> bool {
        self.hazard.release_keep_request()
    }
}

impl Readers for SharedReaders {
    type Guard<'a> = SharedGuard<'a>;

    fn new() -> Self {
        Self {
            only_thread: AtomicUsize::new(Self::NO_THREAD),
            all_see_several: AtomicBool::new(false),
            hits: Default::default(),
            more_hits: OnceBox::new(),
        }
    }

    #[inline]
    fn thread_index() -> Option<usize> {
        Reader::current().map(Reader::index)
    }

    #[inline]
    fn read(&self, cache: usize, plain: bool, at_once: bool) -> Option<SharedGuard<'_>> {
        let reader = Reader::current()?;
        // A thread that is not registered with the cache has no cell for its hits. It registers first.
        let hits = self.thread_hits(reader.index())?;
        let guard = SharedGuard { hazard: reader.protect_table(cache, at_once)?, hits };
        // In this order: a thread that is alone after it has published its hazard needs no full fence. The heavy
        // fence of the next thread to register makes the hazard visible.
        if !plain && !hits.is_alone() {
            asymmetric_fence::full();
        }
        Some(guard)
    }

    #[inline]
    fn count_hit(&self, guard: &SharedGuard<'_>) -> HitCount {
        let count = &guard.hits.count;
        let now = count.load(Relaxed) + 1;
        count.store(now, Relaxed);
        if guard.hits.is_alone() { HitCount::Alone(now) } else { HitCount::Several }
    }

    #[inline]
    fn is_still_alone(&self, guard: &SharedGuard<'_>) -> bool {
        // Pairs with the heavy fence of `register_thread`. Either the other thread sees what this thread stored
        // before the fence, or this thread sees that the other one has registered.
        guard.hazard.reader().fence();
        guard.hits.is_alone()
    }

    fn hits(&self) -> u64 {
        let hits = self.hits.iter().filter_map(OnceBox::get);
        let more = self.more_hits.get().into_iter().flat_map(HitSegments::iter);
        hits.chain(more).map(|hits| hits.count.load(Relaxed)).sum()
    }

    fn hits_alone(&self) -> u64 {
        self.hits_of_only(self.only_thread.load(Relaxed))
    }

    fn has_several_threads(&self) -> bool {
        self.only_thread.load(Relaxed) == Self::SEVERAL
    }

    fn register_thread(&self) -> Option<u64> {
        let reader = Reader::current().or_else(Reader::register)?;
        let index = reader.index();
        let only_thread = self.only_thread.load(Relaxed);
        let is_first = only_thread == Self::NO_THREAD;
        // Allocated here, so that no hit has to.
        let new = || {
            Box::new(ThreadHits { count: AtomicU64::new(0), is_alone: AtomicBool::new(is_first) })
        };
        match self.hits.get(index) {
            Some(cell) => cell.get_or_init(new),
            None => self.more_hits.get_or_init(Box::default).cell(index).get_or_init(new),
        };
        if is_first {
            self.only_thread.store(index, Relaxed);
        } else if only_thread != index && only_thread != Self::SEVERAL {
            self.only_thread.store(Self::SEVERAL, Release);
            if let Some(first) = self.thread_hits(only_thread) {
                first.is_alone.store(false, Release);
            }
            // The first thread may be in the middle of a read without a full fence. The heavy fence makes its
            // hazard visible. All later reads see that there are several threads.
            self.all_see_several.store(asymmetric_fence::heavy(), Relaxed);
            // After the fence: until then the first thread may have counted hits alone.
            return Some(self.hits_of_only(only_thread));
        }
        None
    }

    fn has_no_readers(&self) -> bool {
        let only_thread = self.only_thread.load(Relaxed);
        let is_only = |reader: &Reader| only_thread == reader.index() && reader.is_idle();
        only_thread == Self::NO_THREAD || Reader::current().is_some_and(is_only)
    }

    fn scan(&self, cache: usize, plain: bool, retired: &[usize]) -> Hazards {
        scan(cache, retired, || if plain { asymmetric_fence::heavy() } else { self.fence() })
    }

    fn is_unprotected(&self, cache: usize, retired: &[usize]) -> bool {
        self.fence() && is_unprotected(cache, retired)
    }
}

/// The reader of a cache that belongs to one thread.
///
/// One call reads at a time. A call from inside its `Eq` or `Clone` takes the path through the lock, which is no
/// real lock in this scope.
#[derive(Debug, Default)]
pub struct LocalReaders {
    hits: Cell<u64>,
    /// The address of the protected entry, or 0, together with [`REQUEST`](Self::REQUEST).
    hazard: Cell<usize>,
}

impl LocalReaders {
    /// Reclamation was requested. No address has this bit.
    const REQUEST: usize = 1;

    /// The address of the protected entry, or 0.
    fn protected(&self) -> usize {
        self.hazard.get() & !Self::REQUEST
    }
}

/// One call that reads a thread's own cache. Its hazard matters only if `Eq` or `Clone` calls the function again.
#[derive(Debug)]
pub struct LocalGuard<'a> {
    hazard: &'a Cell<usize>,
    /// The request that was there before.
    request: usize,
}

impl ReadGuard for LocalGuard<'_> {
    #[inline]
    fn protect_entry(&self, entry: usize) {
        self.hazard.set(self.request | entry);
    }
    #[inline]
    fn release(self) -> bool {
        let is_requested = self.is_requested();
        self.hazard.set(0);
        is_requested
    }
    #[inline]
    fn release_keep_request(self) -> bool {
        self.is_requested()
    }
}

impl LocalGuard<'_> {
    #[inline]
    fn is_requested(&self) -> bool {
        self.hazard.get() & LocalReaders::REQUEST != 0
    }
}

impl Drop for LocalGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        self.hazard.set(self.hazard.get() & LocalReaders::REQUEST);
    }
}

impl Readers for LocalReaders {
    type Guard<'a> = LocalGuard<'a>;

    fn new() -> Self {
        Self::default()
    }

    #[inline]
    fn thread_index() -> Option<usize> {
        Some(0)
    }

    #[inline]
    fn read(&self, _cache: usize, _plain: bool, at_once: bool) -> Option<LocalGuard<'_>> {
        let hazard = self.hazard.get();
        let request = if at_once { 0 } else { hazard & Self::REQUEST };
        // Created only if it is returned: its drop would clear the hazard of the call that reads already.
        (hazard == request).then(|| LocalGuard { hazard: &self.hazard, request })
    }

    #[inline]
    fn count_hit(&self, _guard: &LocalGuard<'_>) -> HitCount {
        self.hits.set(self.hits.get() + 1);
        HitCount::Alone(self.hits.get())
    }

    fn hits(&self) -> u64 {
        self.hits.get()
    }

    #[inline]
    fn is_still_alone(&self, _guard: &LocalGuard<'_>) -> bool {
        true
    }

    fn hits_alone(&self) -> u64 {
        self.hits.get()
    }

    fn has_several_threads(&self) -> bool {
        false
    }

    fn register_thread(&self) -> Option<u64> {
        None
    }

    fn has_no_readers(&self) -> bool {
        self.protected() == 0
    }

    fn scan(&self, _cache: usize, _plain: bool, retired: &[usize]) -> Hazards {
        let entry = self.protected();
        if !retired.contains(&entry) {
            return Hazards::Entries(Vec::new());
        }
        self.hazard.set(entry | Self::REQUEST);
        Hazards::Entries(vec![entry])
    }

    fn is_unprotected(&self, _cache: usize, retired: &[usize]) -> bool {
        !retired.contains(&self.protected())
    }
}

#[cfg(all(test, not(memofn_models)))]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::sync::Barrier;
    use std::thread;

    #[test]
    fn each_thread_index_has_its_own_hits() {
        let segments = HitSegments::default();
        let indices = || (16..200).chain([if cfg!(miri) { 1 << 9 } else { 1 << 20 }]);
        let cells = indices().map(|index| std::ptr::from_ref(segments.cell(index)).addr());
        assert_eq!(cells.collect::<BTreeSet<_>>().len(), 185);
        assert!(indices().all(|index| segments.get(index).is_none()));
        let new =
            || Box::new(ThreadHits { count: AtomicU64::new(7), is_alone: AtomicBool::new(false) });
        segments.cell(77).get_or_init(new);
        assert!(indices().all(|index| segments.get(index).is_some() == (index == 77)));
        assert_eq!(segments.iter().count(), 1);
    }

    #[test]
    fn a_thread_registers_before_it_reads() {
        crate::tests::watchdog::finishes("three readers", || {
            let (readers, all) = (SharedReaders::new(), Barrier::new(3));
            thread::scope(|scope| {
                for _ in 0..3 {
                    scope.spawn(|| {
                        let index = Reader::register().expect("the thread is not ending").index();
                        // All three threads have an index now, so no index is reused.
                        all.wait();
                        assert!(readers.read(0x100, true, false).is_none());
                        readers.register_thread();
                        readers.read(0x100, true, true).expect("it is registered").release();
                        assert!(readers.thread_hits(index).is_some());
                        all.wait();
                    });
                }
            });
        });
    }
}

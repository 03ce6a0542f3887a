//! The readers of a cache that all threads share, and the hits that each of them had.
//!
//! This file knows threads, hazards and counts. It must not know entries or tables.

use crate::base::asymmetric_fence;
use crate::base::sync::{
    AtomicBool, AtomicU64, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};
use crate::scope::hazard::{HazardGuard, Hazards, Reader, is_unprotected, scan};
use crate::scope::readers::{HitCount, ReadGuard, Readers};
use once_cell::race::OnceBox;

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
    /// several threads, one of them may read without a full fence, so this fence must be a heavy one.
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
    fn read<const QUICK: bool>(&self, cache: usize, plain: bool) -> Option<SharedGuard<'_>> {
        let reader = Reader::current()?;
        // A thread that is not registered with the cache has no cell for its hits, and registers first. A hidden reader
        // has none either.
        let hits = self.thread_hits(reader.shown_index())?;
        let guard = SharedGuard { hazard: reader.protect_table::<QUICK>(cache)?, hits };
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

    #[inline]
    fn register_thread(&self) -> Option<u64> {
        let only_thread = self.only_thread.load(Relaxed);
        let is_only = Reader::current().is_some_and(|reader| reader.index() == only_thread);
        if is_only { None } else { self.register_another() }
    }

    fn has_no_readers(&self) -> bool {
        let only_thread = self.only_thread.load(Relaxed);
        let is_only = |reader: &Reader| only_thread == reader.index() && reader.is_idle();
        only_thread == Self::NO_THREAD || Reader::current().is_some_and(is_only)
    }

    fn scan(&self, cache: usize, plain: bool, is_retired: impl Fn(usize) -> bool) -> Hazards {
        scan(cache, is_retired, || if plain { asymmetric_fence::heavy() } else { self.fence() })
    }

    fn is_unprotected(&self, cache: usize, is_retired: impl Fn(usize) -> bool) -> bool {
        self.fence() && is_unprotected(cache, is_retired)
    }
}

impl SharedReaders {
    /// Registers the calling thread, unless it is the only one already.
    #[cold]
    #[inline(never)]
    fn register_another(&self) -> Option<u64> {
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
                        assert!(readers.read::<false>(0x100, true).is_none());
                        readers.register_thread();
                        readers.read::<true>(0x100, true).expect("it is registered").release();
                        assert!(readers.thread_hits(index).is_some());
                        all.wait();
                    });
                }
            });
        });
    }
}

//! Who reads a cache without its lock, and how many hits each has had.

use crate::base::asymmetric_fence;
use crate::base::sync::{
    AtomicBool, AtomicU64, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};
use crate::scope::hazard::{HazardGuard, Reader, StillRead, is_unread, still_read};
use once_cell::race::OnceBox;
use std::cell::Cell;
use std::fmt::Debug;

/// The threads that read a cache: of a cache that all threads share, or of one that a thread has to
/// itself.
pub trait Readers: Debug {
    #[doc(hidden)]
    type Guard<'a>: ReadGuard
    where
        Self: 'a;

    #[doc(hidden)]
    fn new() -> Self;
    /// A small number that no other thread has that reads these caches at the same time, if the calling
    /// thread has one.
    #[doc(hidden)]
    fn number() -> Option<usize>;
    /// Begins to read the tables of `cache`, whose entries are `plain` when dropping them takes no code
    /// of users. `None` sends the caller to the lock, or from a `QUICK` attempt to one that is not.
    #[doc(hidden)]
    fn read<const QUICK: bool>(&self, cache: usize, plain: bool) -> Option<Self::Guard<'_>>;
    /// Counts a hit.
    #[doc(hidden)]
    fn hit(&self, reading: &Self::Guard<'_>) -> Counted;
    /// All hits so far.
    #[doc(hidden)]
    fn hits(&self) -> u64;
    /// Whether nobody else has met the cache since a hit that was counted [alone](Counted::Alone), and so
    /// nobody has left a stamp that the hit's own has replaced.
    #[doc(hidden)]
    fn is_alone_still(&self, reading: &Self::Guard<'_>) -> bool;
    /// The hits so far, if one thread alone has had them.
    #[doc(hidden)]
    fn ticks(&self) -> u64;
    /// Whether more than one thread has met the cache. Under the lock.
    #[doc(hidden)]
    fn are_several(&self) -> bool;
    /// Registers the calling thread, under the lock. Returns the ticks there will be no more of, as
    /// another thread was alone until now.
    #[doc(hidden)]
    fn register_thread(&self) -> Option<u64>;
    /// Whether nobody reads who could have found what is no longer in the tables.
    #[doc(hidden)]
    fn nobody_reads(&self) -> bool;
    /// Of what is no longer in the tables, what somebody may still read.
    #[doc(hidden)]
    fn still_read(&self, cache: usize, plain: bool, dead: &[usize]) -> StillRead;
    /// Whether nobody reads any of this. Asks no system, unlike [`still_read`](Self::still_read) of what is
    /// plain, and tells nobody.
    #[doc(hidden)]
    fn is_unread(&self, cache: usize, dead: &[usize]) -> bool;
}

/// One call that reads.
pub trait ReadGuard {
    /// The tables are no longer of interest, but an entry is.
    #[doc(hidden)]
    fn protect_entry(&self, entry: usize);
    /// Whether somebody came for what was held until now.
    #[doc(hidden)]
    fn end(self) -> bool;
    /// The same, and leaves it to be told to the next one.
    #[doc(hidden)]
    fn end_untold(self) -> bool;
}

/// A hit that was counted.
#[derive(Debug, Clone, Copy)]
pub enum Counted {
    /// One thread alone has used the cache, and has had so many hits.
    Alone(u64),
    /// Several have.
    AmongOthers,
}

/// The readers of a shared cache.
///
/// Each thread counts its hits in a cell that nobody else writes to. While one thread alone has ever
/// used the cache, which is so in many programs, it need not be careful: who drops what was taken out is
/// the thread that might read it.
#[derive(Debug)]
pub struct SharedReaders {
    alone: AtomicUsize,
    /// Since there are several, all know that there are.
    all_know: AtomicBool,
    /// By the numbers of threads.
    hits: [OnceBox<Hits>; Self::AT_HAND],
    /// Those of the threads with greater numbers.
    further: OnceBox<Further>,
}

/// The hits of one thread, which has met the cache.
#[derive(Debug)]
#[repr(align(64))]
struct Hits {
    count: AtomicU64,
    /// Nobody else has.
    alone: AtomicBool,
}

/// The hits of any number of threads, in segments each of which is as large as all before it.
#[derive(Debug, Default)]
struct Further([OnceBox<Vec<OnceBox<Hits>>>; Self::SEGMENTS]);

impl Further {
    /// More threads than fit in these have no room in memory.
    const SEGMENTS: usize = 32;

    /// The segment of a number, and the position there.
    #[inline]
    fn position(number: usize) -> (usize, usize) {
        let segment = (number / SharedReaders::AT_HAND).ilog2() as usize;
        (segment, number - (SharedReaders::AT_HAND << segment))
    }

    #[inline]
    fn get(&self, number: usize) -> Option<&Hits> {
        let (segment, at) = Self::position(number);
        self.0.get(segment)?.get()?.get(at)?.get()
    }

    fn make(&self, number: usize) -> &OnceBox<Hits> {
        let (segment, at) = Self::position(number);
        let new = || {
            Box::new(
                (0..SharedReaders::AT_HAND << segment).map(|_| OnceBox::new()).collect::<Vec<_>>(),
            )
        };
        &self.0[segment].get_or_init(new)[at]
    }

    fn iter(&self) -> impl Iterator<Item = &Hits> {
        self.0.iter().filter_map(OnceBox::get).flatten().filter_map(OnceBox::get)
    }
}

impl SharedReaders {
    const NOBODY: usize = usize::MAX;
    const SEVERAL: usize = usize::MAX - 1;

    /// How many threads find their hits without one more step.
    const AT_HAND: usize = 16;

    /// The hits of the thread of this number, if it has met the cache.
    #[inline]
    fn hits_of(&self, number: usize) -> Option<&Hits> {
        match self.hits.get(number) {
            Some(hits) => hits.get(),
            None => self.further.get()?.get(number),
        }
    }
}

/// One call that reads a shared cache.
#[derive(Debug)]
pub struct SharedGuard<'a> {
    reading: HazardGuard,
    hits: &'a Hits,
}

impl ReadGuard for SharedGuard<'_> {
    #[inline]
    fn protect_entry(&self, entry: usize) {
        self.reading.protect_entry(entry);
    }
    #[inline]
    fn end(self) -> bool {
        self.reading.end()
    }
    #[inline]
    fn end_untold(self) -> bool {
        self.reading.end_untold()
    }
}

impl Readers for SharedReaders {
    type Guard<'a> = SharedGuard<'a>;

    fn new() -> Self {
        Self {
            alone: AtomicUsize::new(Self::NOBODY),
            all_know: AtomicBool::new(false),
            hits: Default::default(),
            further: OnceBox::new(),
        }
    }

    #[inline]
    fn number() -> Option<usize> {
        Reader::current().map(Reader::number)
    }

    #[inline]
    fn read<const QUICK: bool>(&self, cache: usize, plain: bool) -> Option<SharedGuard<'_>> {
        let reader = Reader::current()?;
        // A thread that has not met the cache has nothing to count hits in, and does so first.
        let hits = self.hits_of(reader.number())?;
        let reading = SharedGuard { reading: reader.protect_table::<QUICK>(cache)?, hits };
        // In this order: who is alone by now has announced it in time for the one who comes next.
        if !plain && !hits.is_alone() {
            asymmetric_fence::full();
        }
        Some(reading)
    }

    #[inline]
    fn hit(&self, reading: &SharedGuard<'_>) -> Counted {
        let count = &reading.hits.count;
        let now = count.load(Relaxed) + 1;
        count.store(now, Relaxed);
        if reading.hits.is_alone() { Counted::Alone(now) } else { Counted::AmongOthers }
    }

    #[inline]
    fn is_alone_still(&self, reading: &SharedGuard<'_>) -> bool {
        // With the heavy one of `register_thread`: either the other thread sees what was stored before this, or this
        // sees that it has come.
        reading.reading.reader().fence();
        reading.hits.is_alone()
    }

    fn hits(&self) -> u64 {
        let own = self.hits.iter().filter_map(OnceBox::get);
        let further = self.further.get().into_iter().flat_map(Further::iter);
        own.chain(further).map(|hits| hits.count.load(Relaxed)).sum()
    }

    fn ticks(&self) -> u64 {
        self.ticks_of(self.alone.load(Relaxed))
    }

    fn are_several(&self) -> bool {
        self.alone.load(Relaxed) == Self::SEVERAL
    }

    fn register_thread(&self) -> Option<u64> {
        let reader = Reader::current().or_else(Reader::register)?;
        let number = reader.number();
        let alone = self.alone.load(Relaxed);
        let is_first = alone == Self::NOBODY;
        // Now, so that its hits need not allocate it.
        let hits = || Box::new(Hits { count: AtomicU64::new(0), alone: AtomicBool::new(is_first) });
        match self.hits.get(number) {
            Some(own) => own.get_or_init(hits),
            None => self.further.get_or_init(Box::default).make(number).get_or_init(hits),
        };
        if is_first {
            self.alone.store(number, Relaxed);
        } else if alone != number && alone != Self::SEVERAL {
            self.alone.store(Self::SEVERAL, Release);
            if let Some(first) = self.hits_of(alone) {
                first.alone.store(false, Release);
            }
            // The one who was alone may be reading at this moment without having told anybody.
            self.all_know.store(asymmetric_fence::heavy(), Relaxed);
            // Not before: until now it has gone on alone.
            return Some(self.ticks_of(alone));
        }
        None
    }

    fn nobody_reads(&self) -> bool {
        let alone = self.alone.load(Relaxed);
        let is_alone = |me: &Reader| alone == me.number() && me.is_idle();
        alone == Self::NOBODY || Reader::current().is_some_and(is_alone)
    }

    fn still_read(&self, cache: usize, plain: bool, dead: &[usize]) -> StillRead {
        still_read(cache, dead, || if plain { asymmetric_fence::heavy() } else { self.fence() })
    }

    fn is_unread(&self, cache: usize, dead: &[usize]) -> bool {
        self.fence() && is_unread(cache, dead)
    }
}

impl SharedReaders {
    fn ticks_of(&self, alone: usize) -> u64 {
        let hits = if alone < Self::SEVERAL { self.hits_of(alone) } else { None };
        hits.map_or(0, |hits| hits.count.load(Relaxed))
    }

    /// The fence that goes with that of the readers of what is not plain. While they do not all know that
    /// there are several, one of them may have spared it.
    fn fence(&self) -> bool {
        if self.all_know.load(Relaxed) {
            asymmetric_fence::full();
            return true;
        }
        asymmetric_fence::heavy()
    }
}

impl Hits {
    /// Whether nobody but the thread that these are of has met the cache.
    #[inline]
    fn is_alone(&self) -> bool {
        self.alone.load(Acquire)
    }
}

/// The reader of a cache that a thread has to itself.
///
/// One call reads at a time. One from within it, as it compares or clones, goes by way of the lock, which
/// there is none of.
#[derive(Debug, Default)]
pub struct LocalReaders {
    hits: Cell<u64>,
    /// The address of the entry in use, or 0; with [`WANTED`](Self::WANTED).
    held: Cell<usize>,
}

impl LocalReaders {
    /// Somebody came to drop it, and could not. No address has this bit.
    const WANTED: usize = 1;

    fn held(&self) -> usize {
        self.held.get() & !Self::WANTED
    }
}

/// One call that reads a thread's own cache. What it announces is of interest only when comparing or cloning
/// calls the function again.
#[derive(Debug)]
pub struct LocalGuard<'a> {
    held: &'a Cell<usize>,
    /// What was there before.
    wanted: usize,
}

impl ReadGuard for LocalGuard<'_> {
    #[inline]
    fn protect_entry(&self, entry: usize) {
        self.held.set(self.wanted | entry);
    }
    #[inline]
    fn end(self) -> bool {
        let wanted = self.is_wanted();
        self.held.set(0);
        wanted
    }
    #[inline]
    fn end_untold(self) -> bool {
        self.is_wanted()
    }
}

impl LocalGuard<'_> {
    #[inline]
    fn is_wanted(&self) -> bool {
        self.held.get() & LocalReaders::WANTED != 0
    }
}

impl Drop for LocalGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        self.held.set(self.held.get() & LocalReaders::WANTED);
    }
}

impl Readers for LocalReaders {
    type Guard<'a> = LocalGuard<'a>;

    fn new() -> Self {
        Self::default()
    }

    #[inline]
    fn number() -> Option<usize> {
        Some(0)
    }

    #[inline]
    fn read<const QUICK: bool>(&self, _cache: usize, _plain: bool) -> Option<LocalGuard<'_>> {
        let held = self.held.get();
        let wanted = if QUICK { 0 } else { held & Self::WANTED };
        // Not made in vain: dropping it would end the one that reads.
        (held == wanted).then(|| LocalGuard { held: &self.held, wanted })
    }

    #[inline]
    fn hit(&self, _reading: &LocalGuard<'_>) -> Counted {
        self.hits.set(self.hits.get() + 1);
        Counted::Alone(self.hits.get())
    }

    fn hits(&self) -> u64 {
        self.hits.get()
    }

    #[inline]
    fn is_alone_still(&self, _reading: &LocalGuard<'_>) -> bool {
        true
    }

    fn ticks(&self) -> u64 {
        self.hits.get()
    }

    fn are_several(&self) -> bool {
        false
    }

    fn register_thread(&self) -> Option<u64> {
        None
    }

    fn nobody_reads(&self) -> bool {
        self.held() == 0
    }

    fn still_read(&self, _cache: usize, _plain: bool, dead: &[usize]) -> StillRead {
        let held = self.held();
        if !dead.contains(&held) {
            return StillRead::These(Vec::new());
        }
        self.held.set(held | Self::WANTED);
        StillRead::These(vec![held])
    }

    fn is_unread(&self, _cache: usize, dead: &[usize]) -> bool {
        !dead.contains(&self.held())
    }
}

#[cfg(all(test, not(memofn_models)))]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::sync::Barrier;
    use std::thread;

    #[test]
    fn each_thread_has_hits_of_its_own_whatever_its_number() {
        let further = Further::default();
        let numbers = || (16..200).chain([if cfg!(miri) { 1 << 9 } else { 1 << 20 }]);
        let cells = numbers().map(|number| std::ptr::from_ref(further.make(number)).addr());
        assert_eq!(cells.collect::<BTreeSet<_>>().len(), 185);
        assert!(numbers().all(|number| further.get(number).is_none()));
        let new = || Box::new(Hits { count: AtomicU64::new(7), alone: AtomicBool::new(false) });
        further.make(77).get_or_init(new);
        assert!(numbers().all(|number| further.get(number).is_some() == (number == 77)));
        assert_eq!(further.iter().count(), 1);
    }

    #[test]
    fn who_has_not_met_a_cache_does_so_before_it_reads() {
        crate::tests::watchdog::finishes("three readers", || {
            let (crowd, all) = (SharedReaders::new(), Barrier::new(3));
            thread::scope(|scope| {
                for _ in 0..3 {
                    scope.spawn(|| {
                        let number = Reader::register().expect("it goes on").number();
                        // All are there, so that none is given the number of another.
                        all.wait();
                        assert!(crowd.read::<false>(0x100, true).is_none());
                        crowd.register_thread();
                        crowd.read::<true>(0x100, true).expect("it has met the cache").end();
                        assert!(crowd.hits_of(number).is_some());
                        all.wait();
                    });
                }
            });
        });
    }
}

//! Who reads a cache without its lock, and how many hits each has had.

use crate::fences;
use crate::reading::{Reader, Reading, StillRead, still_read};
use crate::sync::{
    AtomicBool, AtomicU64, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};
use once_cell::race::OnceBox;
use std::cell::Cell;
use std::fmt::Debug;

/// The threads that read a cache: of a cache that all threads share, or of one that a thread has to
/// itself.
pub trait Readers: Debug {
    #[doc(hidden)]
    type Reading<'a>: Read
    where
        Self: 'a;

    #[doc(hidden)]
    fn new() -> Self;
    /// Begins to read the tables of `cache`, whose entries are `plain` when dropping them takes no code
    /// of users. `None` sends the caller to the lock.
    #[doc(hidden)]
    fn read(&self, cache: usize, plain: bool) -> Option<Self::Reading<'_>>;
    /// Counts a hit.
    #[doc(hidden)]
    fn hit(&self, reading: &Self::Reading<'_>) -> Counted;
    /// All hits so far.
    #[doc(hidden)]
    fn hits(&self) -> u64;
    /// The hits so far, if one thread alone has had them.
    #[doc(hidden)]
    fn ticks(&self) -> u64;
    /// Registers the calling thread, under the lock. Returns the ticks there will be no more of, as
    /// another thread was alone until now.
    #[doc(hidden)]
    fn meet(&self) -> Option<u64>;
    /// Whether nobody reads who could have found what is no longer in the tables.
    #[doc(hidden)]
    fn nobody_reads(&self) -> bool;
    /// Of what is no longer in the tables, what somebody may still read.
    #[doc(hidden)]
    fn still_read(&self, cache: usize, plain: bool, dead: &[usize]) -> StillRead;
}

/// One call that reads.
pub trait Read {
    /// The tables are no longer of interest, but an entry is.
    #[doc(hidden)]
    fn hold(&self, entry: usize);
    /// Whether somebody came for what was held until now.
    #[doc(hidden)]
    fn end(self) -> bool;
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
pub struct Crowd {
    alone: AtomicUsize,
    /// Since there are several, all know that there are.
    all_know: AtomicBool,
    hits: [OnceBox<Hits>; Self::CELLS],
    /// Those of further threads.
    more_hits: AtomicU64,
}

#[derive(Debug, Default)]
#[repr(align(64))]
struct Hits(AtomicU64);

impl Crowd {
    const CELLS: usize = 16;
    const NOBODY: usize = usize::MAX;
    const SEVERAL: usize = usize::MAX - 1;
}

/// One call that reads a shared cache.
#[derive(Debug)]
pub struct ReadingAmong {
    reading: Reading,
    number: usize,
    is_alone: bool,
}

impl Read for ReadingAmong {
    #[inline]
    fn hold(&self, entry: usize) {
        self.reading.hold(entry);
    }
    #[inline]
    fn end(self) -> bool {
        self.reading.end()
    }
}

impl Readers for Crowd {
    type Reading<'a> = ReadingAmong;

    fn new() -> Self {
        Self {
            alone: AtomicUsize::new(Self::NOBODY),
            all_know: AtomicBool::new(false),
            hits: Default::default(),
            more_hits: AtomicU64::new(0),
        }
    }

    #[inline]
    fn read(&self, cache: usize, plain: bool) -> Option<ReadingAmong> {
        let reader = Reader::current()?;
        let number = reader.number();
        let reading = reader.walk(cache)?;
        fences::light();
        // In this order: who is alone by now has announced it in time for the one who comes next.
        let alone = self.alone.load(Acquire);
        let is_alone = alone == number;
        if !is_alone {
            if alone != Self::SEVERAL {
                return None;
            }
            if !plain {
                fences::full();
            }
        }
        Some(ReadingAmong { reading, number, is_alone })
    }

    #[inline]
    fn hit(&self, reading: &ReadingAmong) -> Counted {
        let hits = match self.hits.get(reading.number).map(OnceBox::get) {
            Some(Some(Hits(hits))) => {
                let now = hits.load(Relaxed) + 1;
                hits.store(now, Relaxed);
                now
            }
            _ => self.hit_first(reading.number),
        };
        if reading.is_alone { Counted::Alone(hits) } else { Counted::AmongOthers }
    }

    fn hits(&self) -> u64 {
        let own = self.hits.iter().filter_map(OnceBox::get);
        own.map(|hits| hits.0.load(Relaxed)).sum::<u64>() + self.more_hits.load(Relaxed)
    }

    fn ticks(&self) -> u64 {
        self.ticks_of(self.alone.load(Relaxed))
    }

    fn meet(&self) -> Option<u64> {
        let reader = Reader::current().or_else(Reader::register)?;
        // Now, so that its hits need not allocate it.
        if let Some(hits) = self.hits.get(reader.number()) {
            hits.get_or_init(Box::default);
        }
        let alone = self.alone.load(Relaxed);
        if alone == Self::NOBODY {
            self.alone.store(reader.number(), Relaxed);
        } else if alone != reader.number() && alone != Self::SEVERAL {
            self.alone.store(Self::SEVERAL, Release);
            // The one who was alone may be reading at this moment without having told anybody.
            self.all_know.store(fences::heavy(), Relaxed);
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
        still_read(cache, dead, || {
            if plain || !self.all_know.load(Relaxed) {
                fences::heavy()
            } else {
                fences::full();
                true
            }
        })
    }
}

impl Crowd {
    fn ticks_of(&self, alone: usize) -> u64 {
        match self.hits.get(alone) {
            Some(hits) => hits.get().map_or(0, |hits| hits.0.load(Relaxed)),
            None if alone < Self::SEVERAL => self.more_hits.load(Relaxed),
            None => 0,
        }
    }

    #[cold]
    fn hit_first(&self, number: usize) -> u64 {
        match self.hits.get(number) {
            Some(hits) => {
                let hits = hits.get_or_init(Box::default);
                hits.0.store(hits.0.load(Relaxed) + 1, Relaxed);
                hits.0.load(Relaxed)
            }
            None => self.more_hits.fetch_add(1, Relaxed) + 1,
        }
    }
}

/// The reader of a cache that a thread has to itself. What it reads it owns meanwhile, so that nobody has
/// to be told.
#[derive(Debug, Default)]
pub struct Lone {
    hits: Cell<u64>,
}

/// One call that reads a thread's own cache.
#[derive(Debug)]
pub struct ReadingAlone;

impl Read for ReadingAlone {
    #[inline]
    fn hold(&self, _entry: usize) {}
    #[inline]
    fn end(self) -> bool {
        false
    }
}

impl Readers for Lone {
    type Reading<'a> = ReadingAlone;

    fn new() -> Self {
        Self::default()
    }

    #[inline]
    fn read(&self, _cache: usize, _plain: bool) -> Option<ReadingAlone> {
        Some(ReadingAlone)
    }

    #[inline]
    fn hit(&self, _reading: &ReadingAlone) -> Counted {
        self.hits.set(self.hits.get() + 1);
        Counted::Alone(self.hits.get())
    }

    fn hits(&self) -> u64 {
        self.hits.get()
    }

    fn ticks(&self) -> u64 {
        self.hits.get()
    }

    fn meet(&self) -> Option<u64> {
        None
    }

    fn nobody_reads(&self) -> bool {
        true
    }

    fn still_read(&self, _cache: usize, _plain: bool, _dead: &[usize]) -> StillRead {
        StillRead::These(Vec::new())
    }
}

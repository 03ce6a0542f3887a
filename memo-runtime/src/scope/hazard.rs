//! What each thread reads without a lock, announced so that nobody drops it meanwhile.
//!
//! These are hazard pointers (M. Michael, "Hazard Pointers: Safe Memory Reclamation for Lock-Free
//! Objects", 2004), in two steps. A thread that is about to search a table announces that it walks
//! there; having found an entry, it announces that instead, and is done with the walk. Who has taken an
//! entry out of the table looks at all announcements before dropping it. So a walk, which is short and
//! runs no code of users, holds up what is dropped of one cache; comparing and cloning, which may take
//! however long, hold up one entry.

use crate::base::asymmetric_fence;
use crate::base::small_list::SmallList;
use crate::base::sync::{
    self, AtomicBool, AtomicUsize, Mutex,
    Ordering::{Acquire, Relaxed, Release},
};
use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// How many calls of a thread may read at the same time, each from within the one before.
pub(crate) const DEPTH: usize = 4;

/// The announcements of one thread.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Reader {
    number: usize,
    light: asymmetric_fence::Light,
    announced: [HazardPointer; DEPTH],
}

#[derive(Debug, Default)]
struct HazardPointer {
    /// The address of the entry in use, or the hazard of a whole [table](table_hazard), or 0.
    what: AtomicUsize,
    /// Somebody came to drop it, and could not.
    wanted: AtomicBool,
}

/// The readers of the process. They are never freed, but those of threads that have ended are given to new
/// ones.
#[derive(Default)]
struct Registry {
    /// Those of threads that are alive. Only these are looked at.
    active: Vec<&'static Reader>,
    free: BinaryHeap<Reverse<ByNumber>>,
    /// How many there are.
    len: usize,
}

/// The least number first: numbers stay small, and so does what is kept by number.
struct ByNumber(&'static Reader);

impl PartialEq for ByNumber {
    fn eq(&self, other: &Self) -> bool {
        self.0.number == other.0.number
    }
}

impl Eq for ByNumber {}

impl PartialOrd for ByNumber {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ByNumber {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.number.cmp(&other.0.number)
    }
}

sync::statics! {
    static READERS: Mutex<Registry> = Mutex::new(Registry {
        active: Vec::new(), free: BinaryHeap::new(), len: 0,
    });
}

sync::thread_local! {
    /// Has no destructor, and so is cheap to reach, and can be reached to the very end of the thread.
    static READER: Cell<Option<&'static Reader>> = const { Cell::new(None) };
    static LEASE: Lease = Lease(Reader::take());
}

/// Gives a reader back when its thread ends.
struct Lease(&'static Reader);

impl Drop for Lease {
    fn drop(&mut self) {
        // Never fails, but in models, where it may have been destroyed before.
        let _ = READER.try_with(|reader| reader.set(None));
        READERS.lock().give_back(self.0);
    }
}

impl Registry {
    fn take(&mut self) -> &'static Reader {
        let reader = if let Some(Reverse(ByNumber(reader))) = self.free.pop() {
            reader
        } else {
            self.len += 1;
            sync::forever(Reader {
                number: self.len - 1,
                light: asymmetric_fence::Light::prepare(),
                announced: Default::default(),
            })
        };
        self.active.push(reader);
        reader
    }

    fn give_back(&mut self, reader: &'static Reader) {
        if let Some(at) = self.active.iter().position(|it| it.number == reader.number) {
            self.active.swap_remove(at);
        }
        self.free.push(Reverse(ByNumber(reader)));
    }
}

impl Reader {
    fn take() -> &'static Self {
        READERS.lock().take()
    }

    /// The calling thread's, if it has one: see [`register`](Self::register).
    #[inline]
    pub(crate) fn current() -> Option<&'static Self> {
        READER.with(Cell::get)
    }

    /// Gives the calling thread a reader, unless it is about to end.
    pub(crate) fn register() -> Option<&'static Self> {
        let reader = LEASE.try_with(|lease| lease.0).ok()?;
        READER.with(|it| it.set(Some(reader)));
        Some(reader)
    }

    /// A small number that no other thread has at the same time.
    #[inline]
    pub(crate) fn number(&self) -> usize {
        self.number
    }

    /// Announces that the calling thread, whose reader this is, walks through the tables of a cache,
    /// unless it reads too much already: anything at all, if the attempt is `QUICK`.
    #[inline]
    pub(crate) fn protect_table<const QUICK: bool>(
        &'static self,
        cache: usize,
    ) -> Option<HazardGuard> {
        // No count of these is kept: each call would have to wait for the one before to write it.
        let slots = if QUICK { &self.announced[..1] } else { &self.announced };
        let announced = slots.iter().find(|it| it.what.load(Relaxed) == 0)?;
        // Who sees this rather than the 0 it replaces has to see as well that what was read is left.
        announced.what.store(table_hazard(cache), Release);
        self.light.fence();
        Some(HazardGuard { reader: self, announced })
    }

    /// The fence of those who read.
    #[inline]
    pub(crate) fn fence(&self) {
        self.light.fence();
    }

    /// Whether the calling thread, whose reader this is, reads nothing.
    pub(crate) fn is_idle(&self) -> bool {
        self.announced.iter().all(|it| it.what.load(Relaxed) == 0)
    }
}

/// What is announced of a walk through the tables of the cache at this address, which no entry is at.
#[inline]
fn table_hazard(cache: usize) -> usize {
    cache + 1
}

/// An announcement, as long as it lasts.
#[derive(Debug)]
#[must_use]
pub(crate) struct HazardGuard {
    reader: &'static Reader,
    announced: &'static HazardPointer,
}

impl HazardGuard {
    /// Whose it is.
    #[inline]
    pub(crate) fn reader(&self) -> &'static Reader {
        self.reader
    }

    /// The walk is over: announces what it has found.
    #[inline]
    pub(crate) fn protect_entry(&self, entry: usize) {
        self.announced.what.store(entry, Release);
    }

    /// Whether somebody came for what was held until now.
    #[inline]
    pub(crate) fn end(self) -> bool {
        let announced = self.announced;
        self.end_untold() && announced.wanted.swap(false, Relaxed)
    }

    /// The same, and leaves it to be told to the next one here.
    #[inline]
    pub(crate) fn end_untold(self) -> bool {
        let Self { reader, announced } = self;
        drop(self);
        // With the heavy one of who wants it, after having said so.
        reader.light.fence();
        announced.wanted.load(Relaxed)
    }
}

impl Drop for HazardGuard {
    #[inline]
    fn drop(&mut self) {
        self.announced.what.store(0, Release);
    }
}

/// Of what was taken out of a cache before, what somebody may still read. `fence` is the one that goes
/// with that of the readers; when it fails, everything may be read.
///
/// Those who are found reading are told that it is wanted, and come when they have ended. So what is asked for
/// has to be where they look for it.
pub(crate) fn still_read(cache: usize, dead: &[usize], fence: impl Fn() -> bool) -> StillRead {
    if !fence() {
        return StillRead::Everything;
    }
    let reading = readers_of(cache, dead);
    if reading.is_empty() {
        return StillRead::These(Vec::new());
    }
    for announced in reading.iter() {
        announced.wanted.store(true, Relaxed);
    }
    // Whoever has ended since did not see that it was wanted. Who begins since does not find what is dead.
    if !asymmetric_fence::heavy() {
        return StillRead::Everything;
    }
    let read: Vec<_> = reading.iter().map(|announced| announced.what.load(Acquire)).collect();
    if read.contains(&table_hazard(cache)) { StillRead::Walked } else { StillRead::These(read) }
}

/// Whether nobody reads any of this, after a fence. Nobody is told.
pub(crate) fn is_unread(cache: usize, dead: &[usize]) -> bool {
    readers_of(cache, dead).is_empty()
}

/// The announcements of those who may read something of this, after a fence.
///
/// A thread that begins to read after the fence does not find what is dead, and so it may be missed here.
fn readers_of(cache: usize, dead: &[usize]) -> SmallList<&'static HazardPointer> {
    let mut reading = SmallList::new();
    for reader in &READERS.lock().active {
        for announced in &reader.announced {
            let what = announced.once_found(cache);
            if what == table_hazard(cache) || dead.contains(&what) {
                reading.push(announced);
            }
        }
    }
    reading
}

impl HazardPointer {
    /// What is announced. A walk through the tables of this cache takes but some instructions, unless the
    /// system has put its thread aside: so it is given the time to come to its end.
    fn once_found(&self, cache: usize) -> usize {
        const LOOKS: u32 = if cfg!(all(test, memofn_models)) { 1 } else { 64 };
        let mut what = self.what.load(Acquire);
        for _ in 1..LOOKS {
            if what != table_hazard(cache) {
                break;
            }
            std::hint::spin_loop();
            what = self.what.load(Acquire);
        }
        what
    }
}

/// Which dead entries are still read.
#[derive(Debug)]
#[allow(unreachable_pub, reason = "a public, sealed trait returns it")]
pub enum StillRead {
    /// Somebody walks through the tables, and may find any; this will soon be over.
    Walked,
    /// The system does not say.
    Everything,
    These(Vec<usize>),
}

impl StillRead {
    pub(crate) fn has(&self, entry: usize) -> bool {
        match self {
            Self::Walked | Self::Everything => true,
            Self::These(entries) => entries.contains(&entry),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::sync::AtomicPtr;
    use std::ptr::null_mut;
    use std::thread;

    /// What was read before is no longer read once something else is, which Miri sees.
    #[test]
    fn threads_that_read_another_cache_have_left_the_first() {
        const ONE: usize = 0x1000;
        const OTHER: usize = 0x2000;
        crate::tests::watchdog::finishes("readers of two caches", || {
            let filed = AtomicPtr::new(null_mut::<u32>());
            let done = AtomicBool::new(false);
            thread::scope(|scope| {
                scope.spawn(|| {
                    let reader = Reader::register().unwrap();
                    while !done.load(Relaxed) {
                        let reading = reader.protect_table::<false>(ONE).unwrap();
                        let found = filed.load(Acquire);
                        if !found.is_null() {
                            reading.protect_entry(found.addr());
                            #[expect(unsafe_code, reason = "what others own is read")]
                            // SAFETY: it is announced, and so not dropped.
                            let number = unsafe { *found };
                            assert_eq!(number, 1);
                        }
                        reading.end();
                        let reading = reader.protect_table::<false>(OTHER).unwrap();
                        reading.end();
                    }
                });
                for _ in 0..if cfg!(miri) { 50 } else { 1000 } {
                    let entry = Box::into_raw(Box::new(1));
                    filed.store(entry, Release);
                    thread::yield_now();
                    filed.store(null_mut(), Release);
                    while still_read(ONE, &[entry.addr()], asymmetric_fence::heavy)
                        .has(entry.addr())
                    {
                        thread::yield_now();
                    }
                    #[expect(unsafe_code, reason = "what others might read is dropped")]
                    // SAFETY: it was made by `Box`, and nobody reads it.
                    drop(unsafe { Box::from_raw(entry) });
                }
                done.store(true, Relaxed);
            });
        });
    }
}

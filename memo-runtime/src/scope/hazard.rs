//! Hazard pointers: each thread publishes what it reads without a lock, and no other thread drops it meanwhile.
//!
//! They follow M. Michael, "Hazard Pointers: Safe Memory Reclamation for Lock-Free Objects" (2004), in two
//! steps. A thread first protects the tables of a cache, searches them, and then protects the entry that it found
//! instead of the tables. A thread that has taken an entry out of a table scans all hazards before it drops the
//! entry. The search is short and runs no user code, but it holds up the reclamation of the whole cache. `Eq` and
//! `Clone` may take any time, but they hold up one entry only.
//!
//! This file knows threads and addresses. It must not know what an address points at.

use crate::base::asymmetric_fence;
use crate::base::small_list::SmallList;
use crate::base::sync::{
    self, AtomicBool, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
    RwLock,
};
use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
// It changes in tests of programs and by a switch: the models need not explore it.
use std::sync::atomic::AtomicUsize as Rare;

/// How many calls of one thread may read at the same time, each from inside the one before.
pub(crate) const DEPTH: usize = 4;

/// No thread has this index.
const HIDDEN: usize = usize::MAX;

/// The hazards of one thread.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Reader {
    index: usize,
    /// The index as look-ups without the lock see it: [`HIDDEN`] sends them all to the lock.
    shown: Rare,
    light: asymmetric_fence::Light,
    hazards: [HazardPointer; DEPTH],
}

#[derive(Debug, Default)]
struct HazardPointer {
    /// The address of the protected entry, the hazard of all [tables](table_hazard) of a cache, or 0.
    address: AtomicUsize,
    /// Another thread found this hazard when it wanted to drop what is protected.
    reclaim_requested: AtomicBool,
}

/// The readers of the process. They are never freed. The reader of a thread that has ended passes to a new
/// thread.
#[derive(Default)]
struct Registry {
    /// The readers of live threads. A scan looks at these alone.
    active: Vec<&'static Reader>,
    free: BinaryHeap<Reverse<ByIndex>>,
    /// How many readers there are.
    len: usize,
    /// All of them are [hidden](hide).
    is_hidden: bool,
}

/// Orders free readers by index. The least index is reused first, so that indices stay small, and with them all
/// that is kept by index.
struct ByIndex(&'static Reader);

impl PartialEq for ByIndex {
    fn eq(&self, other: &Self) -> bool {
        self.0.index == other.0.index
    }
}

impl Eq for ByIndex {}

impl PartialOrd for ByIndex {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ByIndex {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.index.cmp(&other.0.index)
    }
}

sync::statics! {
    static READERS: RwLock<Registry> = RwLock::new(Registry {
        active: Vec::new(), free: BinaryHeap::new(), len: 0, is_hidden: false,
    });
}

sync::thread_local! {
    /// Without a destructor, so it is cheap to reach, and can be reached until the very end of the thread.
    static CURRENT: Cell<Option<&'static Reader>> = const { Cell::new(None) };
    static REGISTRATION: Registration = Registration(READERS.write().acquire());
}

/// The registration of a thread. Its end releases the reader to another thread.
struct Registration(&'static Reader);

impl Drop for Registration {
    fn drop(&mut self) {
        // This fails only in models, where `CURRENT` may have been destroyed before.
        let _ = CURRENT.try_with(|reader| reader.set(None));
        READERS.write().release(self.0);
    }
}

impl Registry {
    fn acquire(&mut self) -> &'static Reader {
        let reader = if let Some(Reverse(ByIndex(reader))) = self.free.pop() {
            reader
        } else {
            self.len += 1;
            sync::forever(Reader {
                index: self.len - 1,
                shown: Rare::new(HIDDEN),
                light: asymmetric_fence::Light::prepare(),
                hazards: Default::default(),
            })
        };
        reader.hide(self.is_hidden);
        self.active.push(reader);
        reader
    }

    fn release(&mut self, reader: &'static Reader) {
        if let Some(at) = self.active.iter().position(|it| it.index == reader.index) {
            self.active.swap_remove(at);
        }
        self.free.push(Reverse(ByIndex(reader)));
    }
}

impl Reader {
    /// The reader of the calling thread, if it is [registered](Self::register).
    #[inline]
    pub(crate) fn current() -> Option<&'static Self> {
        CURRENT.with(Cell::get)
    }

    /// Gives the calling thread a reader. `None` if the thread is about to end.
    pub(crate) fn register() -> Option<&'static Self> {
        let reader = REGISTRATION.try_with(|registration| registration.0).ok()?;
        CURRENT.with(|it| it.set(Some(reader)));
        Some(reader)
    }

    /// A small number that no other thread has at the same time.
    #[inline]
    pub(crate) fn index(&self) -> usize {
        self.index
    }

    /// The index, or one that no thread has while readers are [hidden](hide).
    #[inline]
    pub(crate) fn shown_index(&self) -> usize {
        self.shown.load(Relaxed)
    }

    fn hide(&self, is_hidden: bool) {
        self.shown.store(if is_hidden { HIDDEN } else { self.index }, Relaxed);
    }

    /// Protects all tables of a cache. Called by the thread of this reader. `None` if all hazards are in use;
    /// in a `QUICK` attempt, if the first one is.
    #[inline]
    pub(crate) fn protect_table<const QUICK: bool>(
        &'static self,
        cache: usize,
    ) -> Option<HazardGuard> {
        // The hazards in use are searched, not counted: with a count, each call would have to wait until the
        // call before has written it.
        let hazards = if QUICK { &self.hazards[..1] } else { &self.hazards };
        let hazard = hazards.iter().find(|it| it.address.load(Relaxed) == 0)?;
        // `Release`: a scan that loads this, and not the 0 before it, also has to see that the former read is
        // over.
        hazard.address.store(table_hazard(cache), Release);
        self.light.fence();
        Some(HazardGuard { reader: self, hazard })
    }

    /// The light fence, which pairs with the heavy fence of a scan.
    #[inline]
    pub(crate) fn fence(&self) {
        self.light.fence();
    }

    /// Whether the calling thread, whose reader this is, protects nothing.
    pub(crate) fn is_idle(&self) -> bool {
        self.hazards.iter().all(|it| it.address.load(Relaxed) == 0)
    }
}

/// Hides the readers of all threads, those of new threads too, or shows them again. While they are hidden, no thread
/// finds its count of hits in a shared cache, and so no look-up goes without the lock.
pub(crate) fn hide(is_hidden: bool) {
    let mut readers = READERS.write();
    readers.is_hidden = is_hidden;
    readers.active.iter().for_each(|reader| reader.hide(is_hidden));
}

/// The hazard of all tables of the cache at this address. No entry has this address.
#[inline]
fn table_hazard(cache: usize) -> usize {
    cache + 1
}

/// Protects what one call reads.
#[derive(Debug)]
#[must_use]
pub(crate) struct HazardGuard {
    reader: &'static Reader,
    hazard: &'static HazardPointer,
}

impl HazardGuard {
    /// The reader of this hazard.
    #[inline]
    pub(crate) fn reader(&self) -> &'static Reader {
        self.reader
    }

    /// The search is over: protects the entry that it found, and the tables no longer.
    #[inline]
    pub(crate) fn protect_entry(&self, entry: usize) {
        self.hazard.address.store(entry, Release);
    }

    /// Ends the protection. Returns whether reclamation was requested meanwhile, and takes the request.
    #[inline]
    pub(crate) fn release(self) -> bool {
        let hazard = self.hazard;
        self.release_keep_request() && hazard.reclaim_requested.swap(false, Relaxed)
    }

    /// Does the same, but leaves the request to the next guard of this hazard.
    #[inline]
    pub(crate) fn release_keep_request(self) -> bool {
        let Self { reader, hazard } = self;
        drop(self);
        // Pairs with the heavy fence between the request and the second look of a scan.
        reader.light.fence();
        hazard.reclaim_requested.load(Relaxed)
    }
}

impl Drop for HazardGuard {
    #[inline]
    fn drop(&mut self) {
        self.hazard.address.store(0, Release);
    }
}

/// Scans all hazards for what was retired from a cache before. `is_retired` tells its addresses. `fence` pairs with the
/// fence of the readers. If it fails, any entry may be protected.
///
/// A reader that protects something retired gets a request, and reclaims when its read is over. So the caller must
/// have put that where the reader will find it.
pub(crate) fn scan(
    cache: usize,
    is_retired: impl Fn(usize) -> bool,
    fence: impl Fn() -> bool,
) -> Hazards {
    if !fence() {
        return Hazards::Unknown;
    }
    let protecting = protecting(cache, is_retired);
    if protecting.is_empty() {
        return Hazards::Entries(Vec::new());
    }
    for hazard in protecting.iter() {
        hazard.reclaim_requested.store(true, Relaxed);
    }
    // A reader that released its hazard and did not see the request has stored its 0 before this fence, so the
    // second look sees the 0. A reader that began after the first fence cannot find a retired entry.
    if !asymmetric_fence::heavy() {
        return Hazards::Unknown;
    }
    let found: Vec<_> = protecting.iter().map(|hazard| hazard.address.load(Acquire)).collect();
    if found.contains(&table_hazard(cache)) { Hazards::Table } else { Hazards::Entries(found) }
}

/// Whether no hazard protects any of these entries. Called after a fence. Requests nothing.
pub(crate) fn is_unprotected(cache: usize, is_retired: impl Fn(usize) -> bool) -> bool {
    protecting(cache, is_retired).is_empty()
}

/// The hazards that may protect one of these entries. Called after a fence.
///
/// A thread that begins to read after the fence may be missed here, but it cannot find a retired entry.
fn protecting(
    cache: usize,
    is_retired: impl Fn(usize) -> bool,
) -> SmallList<&'static HazardPointer> {
    let mut protecting = SmallList::new();
    for reader in &READERS.read().active {
        for hazard in &reader.hazards {
            let address = hazard.after_search(cache);
            if address == table_hazard(cache) || is_retired(address) {
                protecting.push(hazard);
            }
        }
    }
    protecting
}

impl HazardPointer {
    /// Its address, read several times while it protects the tables of this cache. A search takes few
    /// instructions, unless the system has suspended its thread. So this waits a little for its end.
    fn after_search(&self, cache: usize) -> usize {
        const LOOKS: u32 = if cfg!(all(test, memofn_models)) { 1 } else { 64 };
        let mut address = self.address.load(Acquire);
        for _ in 1..LOOKS {
            if address != table_hazard(cache) {
                break;
            }
            std::hint::spin_loop();
            address = self.address.load(Acquire);
        }
        address
    }
}

/// The result of a scan: the retired entries that are protected.
#[derive(Debug)]
#[allow(unreachable_pub, reason = "a public, sealed trait returns it")]
pub enum Hazards {
    /// A reader searches the tables and may find any entry. Its search ends soon.
    Table,
    /// The system refused the fence, so any entry may be protected.
    Unknown,
    /// These entries, and no others.
    Entries(Vec<usize>),
}

impl Hazards {
    pub(crate) fn protect(&self, entry: usize) -> bool {
        match self {
            Self::Table | Self::Unknown => true,
            Self::Entries(entries) => entries.contains(&entry),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::sync::AtomicPtr;
    use std::ptr::null_mut;
    use std::thread;

    /// A drop has to come after the last read of the entry. Miri sees if it does not.
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
                        let guard = reader.protect_table::<false>(ONE).unwrap();
                        let found = filed.load(Acquire);
                        if !found.is_null() {
                            guard.protect_entry(found.addr());
                            #[expect(unsafe_code, reason = "a reader reads what it does not own")]
                            // SAFETY: the entry is protected, and so not dropped.
                            let number = unsafe { *found };
                            assert_eq!(number, 1);
                        }
                        guard.release();
                        let guard = reader.protect_table::<false>(OTHER).unwrap();
                        guard.release();
                    }
                });
                for _ in 0..if cfg!(miri) { 50 } else { 1000 } {
                    let entry = Box::into_raw(Box::new(1));
                    filed.store(entry, Release);
                    thread::yield_now();
                    filed.store(null_mut(), Release);
                    let address = entry.addr();
                    let scan = || scan(ONE, |it| it == address, asymmetric_fence::heavy);
                    while scan().protect(address) {
                        thread::yield_now();
                    }
                    #[expect(unsafe_code, reason = "an entry is dropped that others have read")]
                    // SAFETY: it came from a `Box`, and no hazard protects it.
                    drop(unsafe { Box::from_raw(entry) });
                }
                done.store(true, Relaxed);
            });
        });
    }
}

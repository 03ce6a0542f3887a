//! Memory of entries that are gone, kept for the next ones.
//!
//! A cache that is full frees one entry and allocates another of the same size on each miss. To reuse the memory saves
//! a tenth of the instructions of a miss: see docs/design.md.

use crate::entry::entry_type::{EntryType, Memory};
use crate::entry::header::Header;
use crate::scope::readers::Readers;
use crate::scope::scope::Scope;
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

/// A link in a chain of memory, where the memory of an entry begins.
struct Link {
    next: *mut Header,
    /// How many links there are from here on.
    len: usize,
}

const _: () =
    assert!(size_of::<Link>() <= size_of::<Header>() && align_of::<Link>() <= align_of::<Header>());

/// No thread keeps memory for more entries: these fit into a table of 4 KiB.
pub(crate) const MOST: usize = 224;

/// How many threads keep memory: those with the least numbers.
const THREADS: usize = 16;

/// The memory of entries that were evicted or cleared last. Each thread has a chain of its own: to hand memory from one
/// thread to another would take two atomic operations a miss.
pub(crate) struct Spare<S: Scope> {
    /// By thread number, the first of a chain. It is owned, or null. Nothing depends on the order of accesses, so the
    /// atomics are those of the standard library.
    first: [AtomicPtr<Header>; THREADS],
    pub(crate) types: &'static EntryType,
    /// The most entries that a thread keeps memory for.
    most: usize,
    scope: PhantomData<S>,
}

impl<S: Scope> Spare<S> {
    pub(crate) fn new(types: &'static EntryType) -> Self {
        // As many as fit into 16 KiB.
        let most = ((16 << 10) / types.size()).min(MOST);
        Self { first: Default::default(), types, most, scope: PhantomData }
    }

    /// The chain of the calling thread. No other live thread has its number, and a thread that had the number before
    /// has ended.
    #[inline]
    fn own(&self) -> Option<&AtomicPtr<Header>> {
        self.first.get(S::Readers::thread_index()?)
    }

    /// Keeps the memory, unless the thread keeps enough.
    #[inline]
    pub(crate) fn keep(&self, memory: Memory) {
        let Some(own) = self.own() else { return };
        let next = own.load(Relaxed);
        #[expect(unsafe_code, reason = "the memory holds a link, and no entry")]
        // SAFETY: `next` is null or was kept before, and begins with a link.
        let len = 1 + unsafe { next.cast::<Link>().as_ref() }.map_or(0, |link| link.len);
        if len <= self.most {
            let first = memory.into_ptr();
            #[expect(unsafe_code, reason = "the memory holds a link, and no entry")]
            // SAFETY: the memory is owned, and large enough for a header.
            unsafe {
                first.cast().write(Link { next, len });
            }
            own.store(first.as_ptr(), Relaxed);
        }
    }

    /// Takes the first memory out of a chain.
    #[inline]
    fn pop(&self, chain: &AtomicPtr<Header>) -> Option<Memory> {
        let first = NonNull::new(chain.load(Relaxed))?;
        #[expect(unsafe_code, reason = "the memory holds a link, and no entry")]
        // SAFETY: `keep` has written the link, and has taken the memory over. The chain leads past it afterwards, so nothing
        // else uses it.
        let (memory, link) = unsafe {
            let link = first.cast::<Link>().read();
            (Memory::from_ptr(first, self.types), link)
        };
        chain.store(link.next, Relaxed);
        Some(memory)
    }

    /// Memory for an entry, kept or new.
    #[inline]
    pub(crate) fn memory(&self) -> Memory {
        self.own().and_then(|own| self.pop(own)).unwrap_or_else(|| Memory::new(self.types))
    }
}

impl<S: Scope> Drop for Spare<S> {
    fn drop(&mut self) {
        for chain in &self.first {
            while self.pop(chain).is_some() {}
        }
    }
}

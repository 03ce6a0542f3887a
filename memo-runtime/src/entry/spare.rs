//! Memory of entries that are gone, kept for the next ones.
//!
//! A cache that is full frees one entry and allocates another of the same size on each miss. To reuse the memory saves
//! a tenth of the instructions of a miss: see docs/design.md.

use crate::entry::entry_type::{EntryType, Memory};
use crate::entry::header::Header;
use crate::scope::readers::Readers;
use crate::scope::scope::Scope;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

/// No thread keeps memory for more entries: these fit into a table of 4 KiB.
pub(crate) const MOST: usize = 224;

/// The memory of some entries of one type. The memory of each begins with the address of the next.
pub(crate) struct Chain {
    first: *mut Header,
    types: &'static EntryType,
}

impl Chain {
    pub(crate) fn empty(types: &'static EntryType) -> Self {
        Self { first: null_mut(), types }
    }

    /// The most entries that a thread keeps memory for: as many as fit into 16 KiB.
    pub(crate) fn most(&self) -> usize {
        ((16 << 10) / self.types.size()).min(MOST)
    }

    #[inline]
    pub(crate) fn push(&mut self, memory: Memory) {
        let first = memory.into_ptr();
        #[expect(unsafe_code, reason = "the memory holds an address, and no entry")]
        // SAFETY: the memory is owned. It is large enough and aligned for a pointer: an entry begins with a header, and
        // that begins with a pointer.
        unsafe {
            first.cast::<*mut Header>().write(self.first);
        }
        self.first = first.as_ptr();
    }

    #[inline]
    fn pop(&mut self) -> Option<Memory> {
        let first = NonNull::new(self.first)?;
        #[expect(unsafe_code, reason = "the memory holds an address, and no entry")]
        // SAFETY: `push` has written the address of the next, and has taken the memory over. `first` leads past it
        // afterwards, so nothing else uses it.
        let (memory, next) = unsafe {
            let next = first.cast::<*mut Header>().read();
            (Memory::from_ptr(first, self.types), next)
        };
        self.first = next;
        Some(memory)
    }
}

impl Drop for Chain {
    #[inline]
    fn drop(&mut self) {
        while self.pop().is_some() {}
    }
}

/// How many threads keep memory: those with the least numbers.
const THREADS: usize = 16;

/// The memory of entries that were evicted or cleared last. Each thread has a chain of its own: to hand memory from one
/// thread to another would take two atomic operations a miss.
pub(crate) struct Spare<S: Scope> {
    /// By thread number, the first of a chain. It is owned, or null. Nothing depends on the order of accesses, so the
    /// atomics are those of the standard library.
    first: [AtomicPtr<Header>; THREADS],
    pub(crate) types: &'static EntryType,
    scope: PhantomData<S>,
}

impl<S: Scope> Spare<S> {
    pub(crate) fn new(types: &'static EntryType) -> Self {
        Self { first: Default::default(), types, scope: PhantomData }
    }

    /// The chain of the calling thread. No other live thread has its number, and a thread that had the number before
    /// has ended.
    #[inline]
    fn own(&self) -> Option<&AtomicPtr<Header>> {
        self.first.get(S::Readers::thread_index()?)
    }

    /// Keeps the memory, unless the thread keeps some already.
    #[inline]
    pub(crate) fn keep(&self, chain: Chain) {
        if let Some(own) = self.own().filter(|own| own.load(Relaxed).is_null()) {
            own.store(ManuallyDrop::new(chain).first, Relaxed);
        }
    }

    #[inline]
    fn take(&self) -> Option<Memory> {
        let own = self.own()?;
        let mut chain = ManuallyDrop::new(Chain { first: own.load(Relaxed), types: self.types });
        let memory = chain.pop()?;
        own.store(chain.first, Relaxed);
        Some(memory)
    }

    /// Memory for an entry, kept or new.
    #[inline]
    pub(crate) fn memory(&self) -> Memory {
        self.take().unwrap_or_else(|| Memory::new(self.types))
    }
}

impl<S: Scope> Drop for Spare<S> {
    fn drop(&mut self) {
        for first in &mut self.first {
            drop(Chain { first: *first.get_mut(), types: self.types });
        }
    }
}

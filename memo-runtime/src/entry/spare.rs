//! Memory of entries that are gone, kept for the next ones.
//!
//! A cache that is full frees one entry and allocates another of the same size on each miss. To reuse the memory saves
//! a tenth of the instructions of a miss: see docs/design.md.

use crate::entry::entry::{Entry, Memory};
use crate::scope::readers::Readers;
use crate::scope::scope::Scope;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

/// The memory of some entries. The memory of each begins with the address of the next.
pub(crate) struct Chain<K, V> {
    first: *mut Entry<K, V>,
}

impl<K, V> Chain<K, V> {
    /// The most entries that a thread keeps memory for: as many as fit into 16 KiB, and into a table of 4 KiB.
    pub(crate) const MOST: usize = {
        const FEW: usize = 224;
        let fit = (16 << 10) / size_of::<Entry<K, V>>();
        if fit < FEW { fit } else { FEW }
    };

    pub(crate) const EMPTY: Self = Self { first: std::ptr::null_mut() };

    #[inline]
    pub(crate) fn push(&mut self, memory: Memory<K, V>) {
        let first = memory.into_ptr();
        #[expect(unsafe_code, reason = "the memory holds an address, and no entry")]
        // SAFETY: the memory is owned, and large enough and aligned for a pointer: an entry begins with a header, which
        // begins with a pointer.
        unsafe {
            first.cast::<*mut Entry<K, V>>().write(self.first);
        }
        self.first = first;
    }

    #[inline]
    fn pop(&mut self) -> Option<Memory<K, V>> {
        if self.first.is_null() {
            return None;
        }
        #[expect(unsafe_code, reason = "the memory holds an address, and no entry")]
        // SAFETY: `push` has written the address of the next, and has taken the memory over from its owner. It is in this
        // chain no longer.
        let (memory, next) = unsafe {
            let next = self.first.cast::<*mut Entry<K, V>>().read();
            (Memory::from_ptr(self.first), next)
        };
        self.first = next;
        Some(memory)
    }
}

impl<K, V> Drop for Chain<K, V> {
    #[inline]
    fn drop(&mut self) {
        while self.pop().is_some() {}
    }
}

/// How many threads keep memory: those with the least numbers.
const THREADS: usize = 16;

/// The memory of entries that were evicted or cleared last. Each thread has a chain of its own: to hand memory from one
/// thread to another would take two atomic operations a miss.
pub(crate) struct Spare<K, V, S: Scope> {
    /// By thread number, the first of a chain. It is owned, or null. Nothing depends on the order of accesses, so the
    /// atomics are those of the standard library.
    first: [AtomicPtr<Entry<K, V>>; THREADS],
    scope: PhantomData<S>,
}

impl<K, V, S: Scope> Spare<K, V, S> {
    /// The chain of the calling thread. No other live thread has its number, and a thread that had the number before
    /// has ended.
    #[inline]
    fn own(&self) -> Option<&AtomicPtr<Entry<K, V>>> {
        self.first.get(S::Readers::thread_index()?)
    }

    /// Keeps the memory, unless the thread keeps some already.
    #[inline]
    pub(crate) fn keep(&self, chain: Chain<K, V>) {
        if let Some(own) = self.own().filter(|own| own.load(Relaxed).is_null()) {
            own.store(ManuallyDrop::new(chain).first, Relaxed);
        }
    }

    #[inline]
    fn take(&self) -> Option<Memory<K, V>> {
        let own = self.own()?;
        let mut chain = ManuallyDrop::new(Chain { first: own.load(Relaxed) });
        let memory = chain.pop()?;
        own.store(chain.first, Relaxed);
        Some(memory)
    }

    /// Memory for an entry, kept or new.
    #[inline]
    pub(crate) fn memory(&self) -> Memory<K, V> {
        self.take().unwrap_or_else(Memory::new)
    }
}

impl<K, V, S: Scope> Default for Spare<K, V, S> {
    fn default() -> Self {
        Self { first: Default::default(), scope: PhantomData }
    }
}

impl<K, V, S: Scope> Drop for Spare<K, V, S> {
    fn drop(&mut self) {
        for first in &mut self.first {
            drop(Chain { first: *first.get_mut() });
        }
    }
}

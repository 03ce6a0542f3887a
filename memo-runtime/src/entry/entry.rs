//! What a cache keeps of one call, and the pointers to it.

use crate::entry::header::{EntryRef, Header};
use crate::scope::readers::Readers;
use crate::scope::scope::{Scope, Shared};
use crate::store::store::Store;
use std::cell::{Cell, UnsafeCell};
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit, needs_drop};
use std::ops::Deref;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

/// A key, and its value once computed.
#[repr(C)]
pub(crate) struct Entry<K, V> {
    /// Comes first: a pointer to an entry is one to its head.
    head: Header,
    pub(crate) key: K,
    /// Written once, before the head says so.
    value: UnsafeCell<MaybeUninit<V>>,
}

/// An owner of an entry.
///
/// Unlike an `Arc` it can be had from a [`EntryRef`], counts without atomic operations where one thread has
/// the cache to itself, and costs none to be dropped where there is no other owner.
pub(crate) struct EntryPtr<K, V, S: Scope> {
    entry: NonNull<Entry<K, V>>,
    scope: PhantomData<(Entry<K, V>, S)>,
}

impl<K, V> Entry<K, V> {
    /// Dropping one runs no code of users: it is but memory.
    pub(crate) const IS_PLAIN: bool = !needs_drop::<K>() && !needs_drop::<V>();

    /// A value of this size is cloned into its entry directly. A smaller one is moved there under the lock,
    /// which is then taken once less.
    pub(crate) const IS_LARGE: bool = size_of::<V>() > 512;

    pub(crate) fn pending<S: Scope>(
        hash: u64,
        key: K,
        spare: &Spare<K, V, S>,
    ) -> EntryPtr<K, V, S> {
        EntryPtr::new(spare.memory(), hash, key)
    }

    pub(crate) fn ready<S: Scope>(hash: u64, key: K, value: V) -> EntryPtr<K, V, S> {
        Self::ready_with(hash, key, || value)
    }

    pub(crate) fn ready_with<S: Scope>(
        hash: u64,
        key: K,
        value: impl FnOnce() -> V,
    ) -> EntryPtr<K, V, S> {
        let entry = EntryPtr::new(Memory::new(), hash, key);
        #[expect(unsafe_code, reason = "the value is in a cell")]
        // SAFETY: nobody else knows of the entry.
        unsafe {
            entry.write(value);
        }
        entry.valued();
        entry
    }

    /// The value of an entry that is stored, or whose flight has landed with one.
    pub(crate) fn value(&self) -> &V {
        assert!(self.head.has_value(), "an entry is filed after its value was set");
        #[expect(unsafe_code, reason = "the head says whether there is a value")]
        // SAFETY: there is one, which was written before the head said so.
        unsafe {
            self.stored_value()
        }
    }

    /// # Safety
    ///
    /// There is a value, and the caller has seen so.
    #[expect(unsafe_code, reason = "the head says whether there is a value")]
    #[inline]
    pub(crate) unsafe fn stored_value(&self) -> &V {
        // SAFETY: by the condition above; it is not written again.
        unsafe { (*self.value.get()).assume_init_ref() }
    }

    /// Writes the value, in place. The head has yet to be told.
    ///
    /// # Safety
    ///
    /// There is no value, and nobody else writes one: the entry is [reserved](Header::reserve) for the caller,
    /// or nobody else knows of it.
    #[expect(unsafe_code, reason = "the value is in a cell")]
    pub(crate) unsafe fn write(&self, value: impl FnOnce() -> V) {
        // SAFETY: nobody else writes, by the condition above, and nobody reads before the head says that
        // there is something.
        unsafe { self.value.get().cast::<V>().write(value()) };
    }

    /// The first value stays; a later one is given back.
    ///
    /// # Safety
    ///
    /// Nobody else does so at the same time: the cache of the entry is locked, and the entry is not
    /// [reserved](Header::reserve).
    #[expect(unsafe_code, reason = "the lock is not here")]
    pub(crate) unsafe fn set(&self, value: V) -> Option<V> {
        if self.head.has_value() {
            return Some(value);
        }
        // SAFETY: nobody else writes, by the condition above, and nobody reads before the head says
        // that there is something.
        unsafe { *self.value.get() = MaybeUninit::new(value) };
        self.head.valued();
        None
    }
}

impl<K, V> Deref for Entry<K, V> {
    type Target = Header;

    #[inline]
    fn deref(&self) -> &Header {
        &self.head
    }
}

impl<K, V> Drop for Entry<K, V> {
    fn drop(&mut self) {
        if self.head.has_value() {
            #[expect(unsafe_code, reason = "the head says whether there is a value")]
            // SAFETY: there is a value, which nobody uses any longer.
            unsafe {
                self.value.get_mut().assume_init_drop();
            }
        }
    }
}

#[expect(unsafe_code, reason = "the value is in a cell")]
// SAFETY: those who share an entry share its key and its value, which one of them has made and another
// may drop, as in a `OnceLock`.
unsafe impl<K: Send + Sync, V: Send + Sync> Sync for Entry<K, V> {}

// As of a `OnceLock`: the value is there or not, and whole.
impl<K: RefUnwindSafe, V: RefUnwindSafe + UnwindSafe> RefUnwindSafe for Entry<K, V> {}

#[expect(unsafe_code, reason = "it is an `Arc` in other words")]
// SAFETY: as of an `Arc`.
unsafe impl<K: Send + Sync, V: Send + Sync> Send for EntryPtr<K, V, Shared> {}

#[expect(unsafe_code, reason = "it is an `Arc` in other words")]
// SAFETY: as of an `Arc`.
unsafe impl<K: Send + Sync, V: Send + Sync> Sync for EntryPtr<K, V, Shared> {}

impl<K, V, S: Scope> EntryPtr<K, V, S> {
    /// Makes an entry without a value, field by field: as a whole it would pass through the stack, with room
    /// for its value.
    #[inline]
    fn new(memory: Memory<K, V>, hash: u64, key: K) -> Self {
        let entry = ManuallyDrop::new(memory).0;
        #[expect(unsafe_code, reason = "memory becomes an entry")]
        // SAFETY: the memory is nobody else's, and is one for an entry of these types. The value need not be
        // initialised.
        let entry = unsafe {
            (&raw mut (*entry).head).write(Header::new(hash));
            (&raw mut (*entry).key).write(key);
            NonNull::new_unchecked(entry)
        };
        Self { entry, scope: PhantomData }
    }

    /// Where the entry is, as long as somebody owns it.
    #[inline]
    pub(crate) fn place(&self) -> EntryRef {
        #[expect(unsafe_code, reason = "it may be dereferenced")]
        // SAFETY: the place is used as long as this owner is there, or as long as the entry is filed.
        unsafe {
            EntryRef::new(self.entry.cast())
        }
    }

    /// The owner that is kept as a place alone.
    ///
    /// # Safety
    ///
    /// The place is of an entry of these types, and its keeper owns it, and does so no longer.
    #[expect(unsafe_code, reason = "places have no types")]
    #[inline]
    pub(crate) unsafe fn from_place(place: EntryRef) -> Self {
        // SAFETY: a place is not null.
        let entry = unsafe { NonNull::new_unchecked(place.as_ptr().cast()) };
        Self { entry, scope: PhantomData }
    }

    /// [`from_place`](Self::from_place), to be dropped.
    ///
    /// # Safety
    ///
    /// As there.
    #[expect(unsafe_code, reason = "places have no types")]
    pub(crate) unsafe fn release(place: EntryRef) {
        // SAFETY: by the condition above.
        drop(unsafe { Self::from_place(place) });
    }

    /// Drops it, and returns the memory if it was the last owner.
    #[inline]
    pub(crate) fn recycle(self) -> Option<Memory<K, V>> {
        let this = ManuallyDrop::new(self);
        Header::release::<S>(&this).then(|| {
            let memory = Memory(this.entry.as_ptr());
            #[expect(unsafe_code, reason = "owners are counted")]
            // SAFETY: it has no owner any longer. Its memory is given back even if this panics.
            unsafe {
                memory.0.drop_in_place();
            }
            memory
        })
    }
}

/// Memory for an entry, without one in it.
pub(crate) struct Memory<K, V>(*mut Entry<K, V>);

impl<K, V> Memory<K, V> {
    fn new() -> Self {
        Self(Box::leak(Box::<Entry<K, V>>::new_uninit()).as_mut_ptr())
    }
}

impl<K, V> Drop for Memory<K, V> {
    #[inline]
    fn drop(&mut self) {
        #[expect(unsafe_code, reason = "what is in it was dropped before")]
        // SAFETY: a `Box` has made it, and it is given back here alone.
        drop(unsafe { Box::from_raw(self.0.cast::<MaybeUninit<Entry<K, V>>>()) });
    }
}

/// The memory of some entries, each of which begins with the address of the next.
pub(crate) struct Chain<K, V> {
    first: *mut Entry<K, V>,
}

impl<K, V> Chain<K, V> {
    /// Of more entries no thread keeps memory for nothing: as many as fit into 16 KiB, and as a small table has
    /// room for.
    pub(crate) const MOST: usize = {
        let fit = (16 << 10) / size_of::<Entry<K, V>>();
        if fit < Store::SMALL { fit } else { Store::SMALL }
    };

    pub(crate) const EMPTY: Self = Self { first: std::ptr::null_mut() };

    #[inline]
    pub(crate) fn push(&mut self, memory: Memory<K, V>) {
        let first = ManuallyDrop::new(memory).0;
        #[expect(unsafe_code, reason = "memory is used otherwise")]
        // SAFETY: an entry is larger than a pointer, and aligned as one, for its head is.
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
        let memory = Memory(self.first);
        #[expect(unsafe_code, reason = "memory is used otherwise")]
        // SAFETY: it was written when this was pushed.
        let next = unsafe { memory.0.cast::<*mut Entry<K, V>>().read() };
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
const PLACES: usize = 16;

/// The memory of entries that were evicted or cleared last, for the next ones. Each thread has its own, up to
/// some: to hand it on from one to the other took two atomic operations a miss.
pub(crate) struct Spare<K, V, S: Scope> {
    /// By the numbers of threads, the first of a chain, which is owned, or null. Of the standard library:
    /// nothing depends on the order of things here.
    first: [AtomicPtr<Entry<K, V>>; PLACES],
    scope: PhantomData<S>,
}

impl<K, V, S: Scope> Spare<K, V, S> {
    /// Where the calling thread has its own. No other thread has this number at the same time, and one that
    /// has had it before has ended.
    #[inline]
    fn own(&self) -> Option<&AtomicPtr<Entry<K, V>>> {
        self.first.get(S::Readers::thread_index()?)
    }

    /// Keeps it, unless there is some.
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

    /// The memory kept, or new one.
    #[inline]
    fn memory(&self) -> Memory<K, V> {
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

impl<K, V, S: Scope> Deref for EntryPtr<K, V, S> {
    type Target = Entry<K, V>;

    #[inline]
    fn deref(&self) -> &Entry<K, V> {
        #[expect(unsafe_code, reason = "owners are counted")]
        // SAFETY: it lives as long as it has owners, of which this is one; nobody has a mutable
        // reference to it.
        unsafe {
            self.entry.as_ref()
        }
    }
}

impl<K, V, S: Scope> Clone for EntryPtr<K, V, S> {
    #[inline]
    fn clone(&self) -> Self {
        self.retain::<S>();
        Self { entry: self.entry, scope: PhantomData }
    }
}

impl<K, V, S: Scope> Drop for EntryPtr<K, V, S> {
    #[inline]
    fn drop(&mut self) {
        if Header::release::<S>(self) {
            #[expect(unsafe_code, reason = "owners are counted")]
            // SAFETY: it was made by a `Box`, and has no owner any longer.
            drop(unsafe { Box::from_raw(self.entry.as_ptr()) });
        }
    }
}

/// An owner of an entry that may be taken over by a store.
///
/// The store says so under its lock, so that what happens next, be it a panic, finds it owned by one.
pub(crate) struct UnstoredEntry<K, V, S: Scope> {
    entry: ManuallyDrop<EntryPtr<K, V, S>>,
    taken: Cell<bool>,
}

impl<K, V, S: Scope> UnstoredEntry<K, V, S> {
    pub(crate) fn new(entry: EntryPtr<K, V, S>) -> Self {
        Self { entry: ManuallyDrop::new(entry), taken: Cell::new(false) }
    }

    /// The owner, to be kept as a place alone.
    pub(crate) fn into_place(self) -> EntryRef {
        ManuallyDrop::new(self).entry.place()
    }

    /// Where the store says that it owns the entry. From then on the entry is of no use here.
    pub(crate) fn taken(&self) -> &Cell<bool> {
        &self.taken
    }
}

impl<K, V, S: Scope> Deref for UnstoredEntry<K, V, S> {
    type Target = EntryPtr<K, V, S>;

    fn deref(&self) -> &EntryPtr<K, V, S> {
        &self.entry
    }
}

impl<K, V, S: Scope> Drop for UnstoredEntry<K, V, S> {
    fn drop(&mut self) {
        if !self.taken.get() {
            #[expect(unsafe_code, reason = "it is not always dropped")]
            // SAFETY: it is dropped here alone.
            unsafe {
                ManuallyDrop::drop(&mut self.entry);
            }
        }
    }
}

//! A key and its value, and the pointers that own them.

use crate::entry::entry_ref::EntryRef;
use crate::entry::header::Header;
use crate::scope::scope::{Scope, Shared};
use std::cell::{Cell, UnsafeCell};
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit, needs_drop};
use std::ops::Deref;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::ptr::NonNull;

/// A key, and its value once it is computed.
#[repr(C)]
pub(crate) struct Entry<K, V> {
    /// The first field: a pointer to an entry is a pointer to its header.
    header: Header,
    pub(crate) key: K,
    /// Written once, before the header says that there is a value.
    value: UnsafeCell<MaybeUninit<V>>,
}

/// An owner of an entry.
///
/// Three things tell it from an `Arc`: it can be made from an [`EntryRef`], the entries of one thread are counted
/// without atomic operations, and the drop of an only owner needs none either.
pub(crate) struct EntryPtr<K, V, S: Scope> {
    entry: NonNull<Entry<K, V>>,
    scope: PhantomData<(Entry<K, V>, S)>,
}

impl<K, V> Entry<K, V> {
    /// The drop of an entry runs no user code: it only frees memory.
    pub(crate) const IS_PLAIN: bool = !needs_drop::<K>() && !needs_drop::<V>();

    /// A large value is cloned directly into its entry, which takes the lock once more. A smaller value is moved
    /// there under the lock.
    pub(crate) const IS_LARGE: bool = size_of::<V>() > 512;

    /// An entry whose value has yet to be computed.
    pub(crate) fn pending<S: Scope>(memory: Memory<K, V>, hash: u64, key: K) -> EntryPtr<K, V, S> {
        EntryPtr::new(memory, hash, key)
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
        // SAFETY: the entry was just made, and nobody else has a pointer to it. It has no value.
        unsafe {
            entry.write(value);
        }
        entry.mark_valued();
        entry
    }

    /// The value of an entry that is stored, or whose flight has landed with a value.
    pub(crate) fn value(&self) -> &V {
        assert!(self.header.has_value(), "an entry is filed after its value was set");
        #[expect(unsafe_code, reason = "the header says whether there is a value")]
        // SAFETY: there is a value: it was written before the header said so.
        unsafe {
            self.stored_value()
        }
    }

    /// # Safety
    ///
    /// There is a value, and the caller has seen so.
    #[expect(unsafe_code, reason = "the header says whether there is a value")]
    #[inline]
    pub(crate) unsafe fn stored_value(&self) -> &V {
        // SAFETY: by the condition above there is a value, and it is written only once.
        unsafe { (*self.value.get()).assume_init_ref() }
    }

    /// Writes the value in place. The caller then tells the header, by [`mark_valued`](Header::mark_valued).
    ///
    /// # Safety
    ///
    /// There is no value, and nobody else writes one: the entry is [reserved](Header::reserve) for the caller,
    /// or nobody else has a pointer to it.
    #[expect(unsafe_code, reason = "the value is in a cell")]
    pub(crate) unsafe fn write(&self, value: impl FnOnce() -> V) {
        // SAFETY: nobody else writes, by the condition above. Nobody reads before the header says that there is a
        // value.
        unsafe { self.value.get().cast::<V>().write(value()) };
    }

    /// Sets the value, and tells the header. If there is a value already, it stays, and the new one is given back.
    ///
    /// # Safety
    ///
    /// Nobody else sets the value at the same time: the cache of the entry is locked, and the entry is not
    /// [reserved](Header::reserve).
    #[expect(unsafe_code, reason = "the lock is not here")]
    pub(crate) unsafe fn set(&self, value: V) -> Option<V> {
        if self.header.has_value() {
            return Some(value);
        }
        // SAFETY: nobody else writes, by the condition above. Nobody reads before the header says that there is a
        // value.
        unsafe { *self.value.get() = MaybeUninit::new(value) };
        self.header.mark_valued();
        None
    }
}

impl<K, V> Deref for Entry<K, V> {
    type Target = Header;

    #[inline]
    fn deref(&self) -> &Header {
        &self.header
    }
}

impl<K, V> Drop for Entry<K, V> {
    fn drop(&mut self) {
        if self.header.has_value() {
            #[expect(unsafe_code, reason = "the header says whether there is a value")]
            // SAFETY: there is a value, and nobody else uses the entry: it is being dropped.
            unsafe {
                self.value.get_mut().assume_init_drop();
            }
        }
    }
}

#[expect(unsafe_code, reason = "the value is in a cell")]
// SAFETY: to share an entry is to share its key and its value. One thread may make them and another drop them, so
// both must be `Send` and `Sync`, as in a `OnceLock`.
unsafe impl<K: Send + Sync, V: Send + Sync> Sync for Entry<K, V> {}

// As for a `OnceLock`: a panic leaves either no value or a whole one.
impl<K: RefUnwindSafe, V: RefUnwindSafe + UnwindSafe> RefUnwindSafe for Entry<K, V> {}

#[expect(unsafe_code, reason = "it is a kind of `Arc`")]
// SAFETY: as for an `Arc`: owners are counted by atomic operations in a shared scope, and give shared access to the
// entry. The last one drops it.
unsafe impl<K: Send + Sync, V: Send + Sync> Send for EntryPtr<K, V, Shared> {}

#[expect(unsafe_code, reason = "it is a kind of `Arc`")]
// SAFETY: as above.
unsafe impl<K: Send + Sync, V: Send + Sync> Sync for EntryPtr<K, V, Shared> {}

impl<K, V, S: Scope> EntryPtr<K, V, S> {
    /// An entry without a value. It is written field by field: a whole `Entry` would pass through the stack, with room
    /// for its value.
    #[inline]
    fn new(memory: Memory<K, V>, hash: u64, key: K) -> Self {
        let entry = memory.into_ptr();
        #[expect(unsafe_code, reason = "memory becomes an entry")]
        // SAFETY: the caller has given the memory away, and it is large enough and aligned for an entry of these types.
        // The value need not be initialised.
        let entry = unsafe {
            (&raw mut (*entry).header).write(Header::new(hash));
            (&raw mut (*entry).key).write(key);
            NonNull::new_unchecked(entry)
        };
        Self { entry, scope: PhantomData }
    }

    /// A pointer that does not own the entry.
    #[inline]
    pub(crate) fn entry_ref(&self) -> EntryRef {
        #[expect(unsafe_code, reason = "it may be dereferenced")]
        // SAFETY: it points to a whole entry. It is used while this owner is there, or while the entry is filed.
        unsafe {
            EntryRef::new(self.entry.cast())
        }
    }

    /// Takes over the ownership that is kept as an [`EntryRef`].
    ///
    /// # Safety
    ///
    /// The entry is of these types. The caller owns it, and gives this ownership away.
    #[expect(unsafe_code, reason = "an `EntryRef` has no types")]
    #[inline]
    pub(crate) unsafe fn from_ref(entry: EntryRef) -> Self {
        // SAFETY: an `EntryRef` is not null.
        let entry = unsafe { NonNull::new_unchecked(entry.as_ptr().cast()) };
        Self { entry, scope: PhantomData }
    }

    /// Drops the ownership that is kept as an [`EntryRef`].
    ///
    /// # Safety
    ///
    /// As for [`from_ref`](Self::from_ref).
    #[expect(unsafe_code, reason = "an `EntryRef` has no types")]
    pub(crate) unsafe fn release(entry: EntryRef) {
        // SAFETY: by the condition above.
        drop(unsafe { Self::from_ref(entry) });
    }

    /// Drops this owner. If it was the last, the entry is dropped and its memory returned.
    #[inline]
    pub(crate) fn recycle(self) -> Option<Memory<K, V>> {
        let this = ManuallyDrop::new(self);
        Header::release::<S>(&this).then(|| {
            let memory = Memory(this.entry.as_ptr());
            #[expect(unsafe_code, reason = "owners are counted")]
            // SAFETY: the entry has no owner any longer. If its drop panics, `memory` still frees the memory.
            unsafe {
                memory.0.drop_in_place();
            }
            memory
        })
    }
}

/// Memory for an entry, with no entry in it.
pub(crate) struct Memory<K, V>(*mut Entry<K, V>);

impl<K, V> Memory<K, V> {
    pub(super) fn new() -> Self {
        Self(Box::leak(Box::<Entry<K, V>>::new_uninit()).as_mut_ptr())
    }

    /// Gives the memory away.
    #[inline]
    pub(super) fn into_ptr(self) -> *mut Entry<K, V> {
        ManuallyDrop::new(self).0
    }

    /// # Safety
    ///
    /// The pointer comes from [`into_ptr`](Self::into_ptr), and is used no longer.
    #[expect(unsafe_code, reason = "it takes memory over")]
    #[inline]
    pub(super) unsafe fn from_ptr(memory: *mut Entry<K, V>) -> Self {
        Self(memory)
    }
}

impl<K, V> Drop for Memory<K, V> {
    #[inline]
    fn drop(&mut self) {
        #[expect(unsafe_code, reason = "the entry in it was dropped before")]
        // SAFETY: a `Box` has allocated it with this layout, and nothing else frees it.
        drop(unsafe { Box::from_raw(self.0.cast::<MaybeUninit<Entry<K, V>>>()) });
    }
}

impl<K, V, S: Scope> Deref for EntryPtr<K, V, S> {
    type Target = Entry<K, V>;

    #[inline]
    fn deref(&self) -> &Entry<K, V> {
        #[expect(unsafe_code, reason = "owners are counted")]
        // SAFETY: the entry lives as long as it has owners, and this is one. Nobody has a mutable reference to it.
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
            // SAFETY: a `Box` has allocated the entry, and it has no owner any longer.
            drop(unsafe { Box::from_raw(self.entry.as_ptr()) });
        }
    }
}

/// An owner of an entry that the store may take over.
///
/// The store says so under its lock. So the entry has exactly one owner, even if the next thing is a panic.
pub(crate) struct UnstoredEntry<K, V, S: Scope> {
    entry: ManuallyDrop<EntryPtr<K, V, S>>,
    taken: Cell<bool>,
}

impl<K, V, S: Scope> UnstoredEntry<K, V, S> {
    pub(crate) fn new(entry: EntryPtr<K, V, S>) -> Self {
        Self { entry: ManuallyDrop::new(entry), taken: Cell::new(false) }
    }

    /// The ownership, to be kept as an [`EntryRef`].
    pub(crate) fn into_ref(self) -> EntryRef {
        ManuallyDrop::new(self).entry.entry_ref()
    }

    /// The store sets this when it owns the entry. From then on this is no owner.
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
            #[expect(unsafe_code, reason = "the store may own it by now")]
            // SAFETY: nothing else drops this owner: the store has not taken it over, and `into_ref` forgets `self`.
            unsafe {
                ManuallyDrop::drop(&mut self.entry);
            }
        }
    }
}

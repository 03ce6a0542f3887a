//! A key and its value, and the pointers that own them.

use crate::entry::entry_ref::{EntryRef, FaceRef};
use crate::entry::entry_type::{EntryType, Memory, NewValue, value_of};
use crate::entry::header::{FACE_AT, Face, Header};
use crate::scope::scope::Scope;
use std::cell::{Cell, UnsafeCell};
use std::fmt;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit, offset_of};
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

impl<K, V> Entry<K, V> {
    pub(crate) const TYPE: &'static EntryType = &EntryType::of::<K, V>();

    /// The type of the entries that have a [last use](crate::entry::last_use).
    pub(super) const TYPE_WITH_LAST_USE: &'static EntryType =
        &EntryType::with_last_use_of::<K, V>();

    pub(super) const VALUE_AT: usize = offset_of!(Self, value);

    /// The entry of this pointer.
    ///
    /// # Safety
    ///
    /// The entry is of these types, and alive for `'e`.
    #[expect(unsafe_code, reason = "an `EntryRef` has no types")]
    #[inline]
    pub(crate) unsafe fn of<'e>(entry: EntryRef) -> &'e Self {
        // SAFETY: by the condition above. Nobody has a mutable reference to it.
        unsafe { &*entry.as_ptr().cast() }
    }

    /// The key of an entry, which may be [compact](crate::entry::compact).
    ///
    /// # Safety
    ///
    /// The entry is of these types, and alive for `'e`.
    #[expect(unsafe_code, reason = "a face has no types")]
    #[inline]
    pub(crate) unsafe fn key_of<'e>(face: FaceRef) -> &'e K {
        // SAFETY: by the condition above. A compact entry has the same distance from its face to its key.
        unsafe { &*face.as_ptr().byte_add(offset_of!(Self, key) - FACE_AT).cast() }
    }

    /// The value of an entry, which may be [compact](crate::entry::compact).
    ///
    /// # Safety
    ///
    /// The entry is of these types, and alive for `'e`. There is a value, and the caller has seen so.
    #[expect(unsafe_code, reason = "a face has no types")]
    #[inline]
    pub(crate) unsafe fn value_of<'e>(face: FaceRef) -> &'e V {
        // SAFETY: by the condition above, and as for the key.
        unsafe { &*face.as_ptr().byte_add(Self::VALUE_AT - FACE_AT).cast() }
    }

    /// Writes the key of an entry that is being made.
    ///
    /// # Safety
    ///
    /// The memory is for an entry of these types, and nobody else uses it.
    #[expect(unsafe_code, reason = "memory becomes an entry")]
    #[inline]
    pub(crate) unsafe fn write_key(memory: NonNull<Header>, key: K) {
        // SAFETY: by the condition above, there is room for a key.
        unsafe { (&raw mut (*memory.cast::<Self>().as_ptr()).key).write(key) };
    }

    /// The value of an entry that is stored, or whose flight has landed with a value.
    pub(crate) fn value(&self) -> &V {
        assert!(self.header.has_value(), "an entry is filed after its value was set");
        #[expect(unsafe_code, reason = "the header says whether there is a value")]
        // SAFETY: there is a value: it was written before the header said so, and it is written only once.
        unsafe {
            (*self.value.get()).assume_init_ref()
        }
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

/// An owner of an entry of any type.
///
/// Three things tell it from an `Arc`: it knows the types of the entry at run time only, the entries of one thread are
/// counted without atomic operations, and the drop of an only owner needs none either.
pub(crate) struct EntryPtr<S: Scope> {
    entry: EntryRef,
    types: &'static EntryType,
    /// The pointer of a shared scope may go to other threads.
    scope: PhantomData<S::Ptr<()>>,
}

impl<S: Scope> EntryPtr<S> {
    /// Makes an entry without a value. `write_key` writes its key.
    ///
    /// # Safety
    ///
    /// `write_key` writes the key of an entry of the memory's type, or panics.
    #[expect(unsafe_code, reason = "memory becomes an entry")]
    #[inline]
    pub(crate) unsafe fn make(
        memory: Memory,
        types: &'static EntryType,
        hash: u64,
        write_key: impl FnOnce(NonNull<Header>),
    ) -> Self {
        write_key(memory.at());
        let entry = memory.into_ptr();
        // SAFETY: the memory is owned, and begins with a header. With its key it is a whole entry: the value need not
        // be initialised.
        let entry = unsafe {
            entry.write(Header::new(hash));
            EntryRef::new(entry)
        };
        Self { entry, types, scope: PhantomData }
    }

    /// A whole entry, with a copy of the key and the value of a compact one.
    ///
    /// # Safety
    ///
    /// The face is of a compact entry of this type, which is alive.
    #[expect(unsafe_code, reason = "memory becomes an entry")]
    pub(crate) unsafe fn of_face(face: FaceRef, types: &'static EntryType) -> Self {
        let entry = Memory::new(types).into_ptr();
        // SAFETY: the memory is owned, and as large behind its face as a compact entry. A compact entry is plain, and so its
        // bytes may be copied.
        let entry = unsafe {
            entry.write(Header::new(face.hash()));
            let from = face.as_ptr().add(1).cast::<u8>();
            let to = entry.byte_add(FACE_AT).cast::<Face>().add(1).cast::<u8>();
            to.as_ptr().copy_from_nonoverlapping(from, types.size() - FACE_AT - size_of::<Face>());
            EntryRef::new(entry)
        };
        entry.mark_valued();
        Self { entry, types, scope: PhantomData }
    }

    /// A pointer that does not own the entry.
    #[inline]
    pub(crate) fn entry_ref(&self) -> EntryRef {
        self.entry
    }

    /// Takes over the ownership that is kept as an [`EntryRef`].
    ///
    /// # Safety
    ///
    /// The entry is of this type. The caller owns it, and gives this ownership away.
    #[expect(unsafe_code, reason = "an `EntryRef` has no types")]
    #[inline]
    pub(crate) unsafe fn from_ref(entry: EntryRef, types: &'static EntryType) -> Self {
        Self { entry, types, scope: PhantomData }
    }

    /// The ownership, to be kept as an [`EntryRef`].
    #[inline]
    pub(crate) fn into_ref(self) -> EntryRef {
        ManuallyDrop::new(self).entry
    }

    /// Drops this owner. If it was the last, the entry is dropped and its memory returned.
    #[inline]
    pub(crate) fn recycle(self) -> Option<Memory> {
        let this = ManuallyDrop::new(self);
        this.entry.release::<S>().then(|| {
            #[expect(unsafe_code, reason = "owners are counted")]
            // SAFETY: the entry has no owner any longer, and is of this type.
            unsafe {
                Memory::of_dropped(this.entry.as_non_null(), this.types)
            }
        })
    }

    /// Writes the value in place. The caller then tells the header, by [`mark_valued`](Header::mark_valued).
    ///
    /// # Safety
    ///
    /// There is no value, and nobody else writes one: the entry is [reserved](Header::reserve) for the caller,
    /// or nobody else has a pointer to it. `write` writes a value of the entry's type, or panics.
    #[expect(unsafe_code, reason = "the value is in a cell")]
    pub(crate) unsafe fn write(&self, write: &mut dyn FnMut(NonNull<()>)) {
        write(value_of(self.entry.as_non_null(), self.types));
    }

    /// Where the value is, or will be.
    pub(crate) fn value_at(&self) -> NonNull<()> {
        value_of(self.entry.as_non_null(), self.types)
    }

    /// Moves the value into the entry, and tells the header. If there is a value already, it stays, and so does the new
    /// one.
    ///
    /// # Safety
    ///
    /// The value is of the entry's type. Nobody else sets the value at the same time: the cache of the entry is
    /// locked, and the entry is not [reserved](Header::reserve).
    #[expect(unsafe_code, reason = "the lock is not here")]
    pub(crate) unsafe fn set(&self, value: &mut NewValue) {
        if !self.entry.has_value() {
            // SAFETY: nobody else writes, by the condition above. Nobody reads before the header says that there is
            // a value.
            unsafe { value.move_to(value_of(self.entry.as_non_null(), self.types)) };
            self.entry.mark_valued();
        }
    }

    /// The entry with its types.
    ///
    /// # Safety
    ///
    /// The entry is of these types.
    #[expect(unsafe_code, reason = "an owner has no types")]
    #[inline]
    pub(crate) unsafe fn typed<K, V>(&self) -> &Entry<K, V> {
        // SAFETY: by the condition above. It lives as long as this owner.
        unsafe { Entry::of(self.entry) }
    }
}

impl<S: Scope> Deref for EntryPtr<S> {
    type Target = EntryRef;

    #[inline]
    fn deref(&self) -> &EntryRef {
        &self.entry
    }
}

impl<S: Scope> Clone for EntryPtr<S> {
    #[inline]
    fn clone(&self) -> Self {
        self.entry.retain::<S>();
        Self { ..*self }
    }
}

impl<S: Scope> Drop for EntryPtr<S> {
    #[inline]
    fn drop(&mut self) {
        if self.entry.release::<S>() {
            #[expect(unsafe_code, reason = "owners are counted")]
            // SAFETY: the entry has no owner any longer, and is of this type.
            drop(unsafe { Memory::of_dropped(self.entry.as_non_null(), self.types) });
        }
    }
}

impl<S: Scope> fmt::Debug for EntryPtr<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.entry.fmt(f)
    }
}

/// Whether the value of an entry was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stored {
    No,
    /// The store owns the entry.
    Whole,
    /// The store has a [compact](crate::entry::compact) copy of the entry.
    Copied,
}

/// An owner of an entry that the store may take over.
///
/// The store says so under its lock. So the entry has exactly one owner, even if the next thing is a panic.
pub(crate) struct UnstoredEntry<S: Scope> {
    entry: ManuallyDrop<EntryPtr<S>>,
    stored: Cell<Stored>,
}

impl<S: Scope> UnstoredEntry<S> {
    #[inline]
    pub(crate) fn new(entry: EntryPtr<S>) -> Self {
        Self { entry: ManuallyDrop::new(entry), stored: Cell::new(Stored::No) }
    }

    /// The ownership, to be kept as an [`EntryRef`].
    pub(crate) fn into_ref(self) -> EntryRef {
        ManuallyDrop::new(self).entry.entry_ref()
    }

    /// The store sets this when it stores the value. Once it owns the entry, this is no owner.
    pub(crate) fn stored(&self) -> &Cell<Stored> {
        &self.stored
    }

    /// Whether the value was stored.
    pub(crate) fn is_stored(&self) -> bool {
        self.stored.get() != Stored::No
    }
}

impl<S: Scope> Deref for UnstoredEntry<S> {
    type Target = EntryPtr<S>;

    fn deref(&self) -> &EntryPtr<S> {
        &self.entry
    }
}

impl<S: Scope> Drop for UnstoredEntry<S> {
    fn drop(&mut self) {
        if self.stored.get() != Stored::Whole {
            #[expect(unsafe_code, reason = "the store may own it by now")]
            // SAFETY: nothing else drops this owner: the store has not taken it over, and `into_ref` forgets `self`.
            unsafe {
                ManuallyDrop::drop(&mut self.entry);
            }
        }
    }
}

#[cfg(test)]
impl<S: Scope> EntryPtr<S> {
    /// An entry without a key, with a value of one byte.
    pub(crate) fn without_key(hash: u64) -> Self {
        Self::without_key_of(Entry::<(), u8>::TYPE, hash)
    }

    /// Such an entry with a last use.
    pub(crate) fn with_last_use(hash: u64) -> Self {
        Self::without_key_of(Entry::<(), u8>::TYPE_WITH_LAST_USE, hash)
    }

    fn without_key_of(types: &'static EntryType, hash: u64) -> Self {
        #[expect(unsafe_code, reason = "memory becomes an entry")]
        // SAFETY: the key has no bytes. Nobody else has a pointer to the entry, which has no value.
        let entry = unsafe {
            let entry = Self::make(Memory::new(types), types, hash, |_| ());
            entry.write(&mut |to| to.cast().write(0_u8));
            entry
        };
        entry.mark_valued();
        entry
    }
}

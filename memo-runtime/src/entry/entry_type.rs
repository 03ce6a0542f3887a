//! The description of an entry's type: all that the engine knows of keys and values.
//!
//! All entries of a cache have one type. The engine, the call and the flight are compiled once for all types: they make,
//! move and drop entries through this description. It must not know how an entry is used.

use crate::entry::entry::Entry;
use crate::entry::header::{FACE_AT, Face, Header};
use crate::entry::last_use::WithLastUse;
use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::any::TypeId;
use std::mem::{MaybeUninit, needs_drop, offset_of};
use std::num::NonZero;
use std::ptr::NonNull;

/// The type of an entry with keys and values of some types.
#[derive(Debug)]
pub struct EntryType {
    layout: Layout,
    value_at: usize,
    value_size: usize,
    /// Memory for a value outside of its entry. Its size is not 0.
    value: Layout,
    drop_entry: unsafe fn(NonNull<Header>),
    drop_value: unsafe fn(NonNull<()>),
    /// The layout of a [compact entry](crate::entry::compact), if there can be one.
    pub(super) compact: Option<Layout>,
    /// The type of a value, apart from lifetimes.
    pub(crate) value_type: fn() -> TypeId,
    id: fn() -> TypeId,
    /// The drop of an entry runs no user code: it only frees memory.
    pub(crate) is_plain: bool,
    /// A large value is cloned directly into its entry, which takes the lock once more. A smaller value is [made](NewValue::make)
    /// first and moved there under the lock.
    pub(crate) is_large: bool,
    /// Where the [last use](crate::entry::last_use) of an entry is, if it has one.
    pub(super) last_use_at: Option<NonZero<usize>>,
    /// The same type with a last use.
    with_last_use: Option<&'static Self>,
}

impl EntryType {
    pub(super) const fn of<K, V>() -> Self {
        let with_last_use = Some(Entry::<K, V>::TYPE_WITH_LAST_USE);
        Self { with_last_use, ..Self::described::<K, V>() }
    }

    pub(super) const fn with_last_use_of<K, V>() -> Self {
        Self {
            layout: Layout::new::<WithLastUse<Entry<K, V>>>(),
            last_use_at: NonZero::new(offset_of!(WithLastUse<Entry<K, V>>, last_use)),
            ..Self::described::<K, V>()
        }
    }

    const fn described<K, V>() -> Self {
        Self {
            layout: Layout::new::<Entry<K, V>>(),
            value_at: Entry::<K, V>::VALUE_AT,
            value_size: size_of::<V>(),
            value: Layout::new::<(V, u8)>(),
            compact: compact_layout::<K, V>(),
            drop_entry: drop_entry::<K, V>,
            drop_value: drop_value::<V>,
            value_type: typeid::of::<V>,
            id: typeid::of::<(K, V)>,
            is_plain: !needs_drop::<K>() && !needs_drop::<V>(),
            is_large: is_large::<V>(),
            last_use_at: None,
            with_last_use: None,
        }
    }

    /// Names the types of key and value, without their lifetimes.
    pub(crate) fn id(&self) -> TypeId {
        (self.id)()
    }

    /// This type, with a last use in its entries.
    pub(crate) fn with_last_use(&'static self) -> &'static Self {
        self.with_last_use.unwrap_or(self)
    }

    /// The bytes of an entry.
    pub(crate) fn size(&self) -> usize {
        self.layout.size()
    }
}

/// Whether a value takes no room on the stack that a run can afford.
const fn is_large<V>() -> bool {
    size_of::<V>() > NewValue::ROOM || align_of::<V>() > align_of::<SmallRoom>()
}

/// The layout of all that follows the header in an entry, beginning with the face.
const fn compact_layout<K, V>() -> Option<Layout> {
    // The atomics of models are no plain bytes.
    let has_plain_face = size_of::<Face>() == size_of::<u64>();
    let align = align_of::<Entry<K, V>>();
    // As aligned as in an entry, a key has the same distance to its face.
    let is_aligned = FACE_AT % align == 0;
    let is_plain = !needs_drop::<K>() && !needs_drop::<V>();
    // A large value gains little.
    if !has_plain_face || !is_aligned || !is_plain || is_large::<V>() {
        return None;
    }
    match Layout::from_size_align(size_of::<Entry<K, V>>() - FACE_AT, align) {
        Ok(layout) => Some(layout),
        Err(_) => None,
    }
}

#[expect(unsafe_code, reason = "an entry is dropped without its types")]
unsafe fn drop_entry<K, V>(entry: NonNull<Header>) {
    // SAFETY: `Memory::of_dropped` calls this once, for an entry of these types that has no owner.
    unsafe { entry.cast::<Entry<K, V>>().drop_in_place() };
}

#[expect(unsafe_code, reason = "a value is dropped without its type")]
unsafe fn drop_value<V>(value: NonNull<()>) {
    // SAFETY: `NewValue::drop` calls this once, for a value of this type.
    unsafe { value.cast::<V>().drop_in_place() };
}

/// Memory for an entry of a type, with no entry in it.
#[derive(Debug)]
pub(crate) struct Memory {
    at: NonNull<Header>,
    types: &'static EntryType,
}

#[expect(unsafe_code, reason = "it is a kind of `Box`")]
impl Memory {
    #[inline]
    pub(crate) fn new(types: &'static EntryType) -> Self {
        // SAFETY: an entry begins with a header, so its size is not 0.
        let at = unsafe { alloc(types.layout) };
        let Some(at) = NonNull::new(at.cast()) else { handle_alloc_error(types.layout) };
        Self { at, types }
    }

    /// Drops an entry. Its memory is left.
    ///
    /// # Safety
    ///
    /// The entry is of this type, and has no owner any longer.
    #[inline]
    pub(super) unsafe fn of_dropped(entry: NonNull<Header>, types: &'static EntryType) -> Self {
        // If the drop panics, this still frees the memory.
        let memory = Self { at: entry, types };
        if !types.is_plain {
            // SAFETY: by the condition above.
            unsafe { (types.drop_entry)(entry) };
        }
        memory
    }

    #[inline]
    pub(super) fn at(&self) -> NonNull<Header> {
        self.at
    }

    /// Gives the memory away.
    #[inline]
    pub(super) fn into_ptr(self) -> NonNull<Header> {
        std::mem::ManuallyDrop::new(self).at
    }

    /// # Safety
    ///
    /// The pointer comes from [`into_ptr`](Self::into_ptr) of memory for this type, and is used no longer.
    #[inline]
    pub(super) unsafe fn from_ptr(at: NonNull<Header>, types: &'static EntryType) -> Self {
        Self { at, types }
    }
}

impl Drop for Memory {
    #[inline]
    fn drop(&mut self) {
        #[expect(unsafe_code, reason = "it is a kind of `Box`")]
        // SAFETY: `new` has allocated it with this layout, and nothing else frees it.
        unsafe {
            dealloc(self.at.as_ptr().cast(), self.types.layout);
        }
    }
}

/// The address of the value in an entry of this type.
#[inline]
pub(super) fn value_of(entry: NonNull<Header>, types: &EntryType) -> NonNull<()> {
    #[expect(unsafe_code, reason = "the fields of an entry are known by their offsets")]
    // SAFETY: the value is within the memory of the entry.
    unsafe {
        entry.cast::<()>().byte_add(types.value_at)
    }
}

/// A value that was made, and is not yet in its entry.
pub(crate) struct NewValue {
    room: Room,
    types: &'static EntryType,
    is_there: bool,
}

/// Where the value is until it is moved.
#[expect(clippy::large_enum_variant, reason = "it is on the stack, and never moved")]
enum Room {
    Here(SmallRoom),
    /// A large value would need too much of the stack.
    Heap(NonNull<()>),
}

/// Room for any value that is not large.
#[repr(align(16))]
struct SmallRoom {
    #[expect(dead_code, reason = "it is used by its address")]
    bytes: MaybeUninit<[u8; NewValue::ROOM]>,
}

#[expect(unsafe_code, reason = "a value is kept without its type")]
impl NewValue {
    const ROOM: usize = 512;

    /// Room for a value of the entry's type.
    #[inline]
    pub(crate) fn room(types: &'static EntryType) -> Self {
        let room = if types.is_large {
            // SAFETY: the size of this layout is not 0.
            let at = unsafe { alloc(types.value) };
            Room::Heap(NonNull::new(at.cast()).unwrap_or_else(|| handle_alloc_error(types.value)))
        } else {
            Room::Here(SmallRoom { bytes: MaybeUninit::uninit() })
        };
        Self { room, types, is_there: false }
    }

    /// Has `write` write the value.
    #[inline]
    pub(crate) fn make(&mut self, write: &mut dyn FnMut(NonNull<()>)) {
        write(self.at());
        self.is_there = true;
    }

    #[inline]
    fn at(&mut self) -> NonNull<()> {
        match &mut self.room {
            Room::Here(room) => NonNull::from(room).cast(),
            Room::Heap(at) => *at,
        }
    }

    /// Moves the value to `to`, unless it was moved before.
    ///
    /// # Safety
    ///
    /// At `to` is room for a value of the type, and no value. This was not moved before.
    #[inline]
    pub(super) unsafe fn move_to(&mut self, to: NonNull<()>) {
        self.is_there = false;
        // SAFETY: by the condition above. The value takes no more bytes than its layout has, and is here no longer.
        unsafe { self.at().cast::<u8>().copy_to_nonoverlapping(to.cast(), self.types.value_size) };
    }
}

impl Drop for NewValue {
    #[inline]
    fn drop(&mut self) {
        if self.is_there || self.types.is_large {
            self.discard();
        }
    }
}

impl NewValue {
    #[cold]
    fn discard(&mut self) {
        let at = self.at();
        #[expect(unsafe_code, reason = "a value is dropped without its type")]
        // SAFETY: `make` had a value of this type written, and it was not moved. The memory is of this layout.
        unsafe {
            let _freed = match self.room {
                Room::Here(_) => None,
                Room::Heap(at) => Some(Freed(at, self.types.value)),
            };
            if self.is_there {
                (self.types.drop_value)(at);
            }
        }
    }
}

/// Frees memory, also if the drop of the value in it panics.
struct Freed(NonNull<()>, Layout);

impl Drop for Freed {
    fn drop(&mut self) {
        #[expect(unsafe_code, reason = "it is a kind of `Box`")]
        // SAFETY: `NewValue::room` has allocated it with this layout, and nothing else frees it.
        unsafe {
            dealloc(self.0.as_ptr().cast(), self.1);
        }
    }
}

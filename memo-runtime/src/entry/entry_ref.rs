//! Pointers to entries.

use crate::entry::header::{FACE_AT, Face, Header};
use std::ops::Deref;
use std::ptr::NonNull;

/// A pointer to the header of an entry that is alive.
///
/// # Why it may be dereferenced
///
/// To make an `EntryRef` is unsafe: its maker promises that the entry is alive whenever it is used. There are three
/// reasons for an entry to be alive: the user owns it, the user has announced to read it (by a
/// [hazard pointer](crate::scope::hazard)), or the entry is *filed* in a cache whose lock the user holds.
///
/// The last reason does not rest on the logic of the lists. It rests on two checks that run in every build:
///
/// - An entry that is filed is not freed. [`Header::release`] aborts the process instead.
/// - An entry ceases to be filed when it has left the table, its list, the expiry queue and the index of tags
///   (`Store::unfile`), or when all of these have been emptied (`Store::clear`). Each of them aborts the process if the entry is not
///   where it should be: a list checks that both neighbours point back.
///
/// So a mistake in the bookkeeping ends the process with a message. It leaves no dangling pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct EntryRef(NonNull<Header>);

#[expect(unsafe_code, reason = "it is a pointer")]
// SAFETY: threads may share headers: all fields that change are atomic. Keys and values are out of reach.
unsafe impl Send for EntryRef {}

#[expect(unsafe_code, reason = "it is a pointer")]
// SAFETY: as above.
unsafe impl Sync for EntryRef {}

impl EntryRef {
    /// # Safety
    ///
    /// The entry is alive whenever the result is used. The pointer is valid for the whole entry, not only for its
    /// header.
    #[expect(unsafe_code, reason = "it may be dereferenced")]
    #[inline]
    pub(crate) unsafe fn new(header: NonNull<Header>) -> Self {
        Self(header)
    }

    /// `None` if the pointer is null.
    ///
    /// # Safety
    ///
    /// As for [`new`](Self::new), unless the pointer is null.
    #[expect(unsafe_code, reason = "it may be dereferenced")]
    #[inline]
    pub(crate) unsafe fn from_ptr(header: *mut Header) -> Option<Self> {
        NonNull::new(header).map(Self)
    }

    #[inline]
    pub(crate) fn as_ptr(self) -> *mut Header {
        self.0.as_ptr()
    }

    pub(crate) fn as_non_null(self) -> NonNull<Header> {
        self.0
    }

    /// The address by which readers know the entry.
    pub(crate) fn addr(self) -> usize {
        self.face().addr()
    }

    /// The entry as the table has it.
    #[inline]
    pub(crate) fn face(self) -> FaceRef {
        #[expect(unsafe_code, reason = "a face is within its entry")]
        // SAFETY: the pointer is valid for the whole entry, and so is this one.
        unsafe {
            FaceRef(self.0.byte_add(FACE_AT).cast())
        }
    }
}

impl Deref for EntryRef {
    type Target = Header;

    #[inline]
    fn deref(&self) -> &Header {
        #[expect(unsafe_code, reason = "an entry is used without being owned")]
        // SAFETY: the maker of this pointer has promised that the entry is alive. Nobody has a mutable reference to a
        // header.
        unsafe {
            self.0.as_ref()
        }
    }
}

/// A pointer to the face of an entry that is alive, for the same reasons. The entry may have no header: then it is
/// [compact](crate::store::compact), and alive until the cache has let go of all compact entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct FaceRef(NonNull<Face>);

impl FaceRef {
    /// # Safety
    ///
    /// The entry is alive whenever the result is used. The pointer is valid for its face, key and value, and for its
    /// header if it has one.
    #[expect(unsafe_code, reason = "it may be dereferenced")]
    #[inline]
    pub(crate) unsafe fn new(face: NonNull<Face>) -> Self {
        Self(face)
    }

    /// The whole entry.
    ///
    /// # Safety
    ///
    /// The entry has a header.
    #[expect(unsafe_code, reason = "a compact entry has no header")]
    #[inline]
    pub(crate) unsafe fn entry(self) -> EntryRef {
        // SAFETY: by the condition above, the face is the last field of a header, and the pointer is valid for that.
        EntryRef(unsafe { self.0.byte_sub(FACE_AT).cast() })
    }

    #[inline]
    pub(crate) fn as_ptr(self) -> *mut Face {
        self.0.as_ptr()
    }

    #[inline]
    pub(crate) fn addr(self) -> usize {
        self.0.addr().get()
    }
}

impl Deref for FaceRef {
    type Target = Face;

    #[inline]
    fn deref(&self) -> &Face {
        #[expect(unsafe_code, reason = "an entry is used without being owned")]
        // SAFETY: the maker of this pointer has promised that the entry is alive. Nobody has a mutable reference to a
        // face.
        unsafe {
            self.0.as_ref()
        }
    }
}

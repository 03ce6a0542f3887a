//! Entries without headers, one behind the other in large pieces of memory.
//!
//! A compact entry is the face of an entry, its key and its value: an [`Entry`](crate::entry::entry::Entry) without all that
//! comes before the face. Only [plain](EntryType::is_plain) entries are made compact: they are copied as bytes, and never
//! dropped one by one.

use crate::entry::entry_ref::{EntryRef, FaceRef};
use crate::entry::entry_type::EntryType;
use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ptr::NonNull;
use std::sync::Arc;

/// Counts the [`CompactEntries`] of one cache that are left: each of them has a clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct CompactCount(Arc<()>);

impl CompactCount {
    /// Whether there are none. The cache itself has a clone.
    pub(crate) fn is_zero(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }
}

/// Compact entries of one type, in the order in which they were added. None can be taken out alone.
#[derive(Debug)]
pub(crate) struct CompactEntries {
    count: CompactCount,
    types: &'static EntryType,
    /// The layout of one entry.
    layout: Layout,
    pieces: Vec<NonNull<u8>>,
    /// How many of the pieces have entries. All of these are full but the last.
    used: usize,
    len: usize,
    /// Where the next entry goes, and how many more fit into that piece.
    next: NonNull<u8>,
    left: usize,
}

#[expect(unsafe_code, reason = "it owns memory")]
// SAFETY: it owns the memory, and its keys and values are out of reach: no code of theirs runs when it is dropped.
unsafe impl Send for CompactEntries {}

impl CompactEntries {
    /// `None` if entries of this type cannot be compact.
    pub(crate) fn new(types: &'static EntryType, count: &CompactCount) -> Option<Self> {
        Some(Self::empty(types, types.compact?, count))
    }

    fn empty(types: &'static EntryType, layout: Layout, count: &CompactCount) -> Self {
        let (count, pieces, next) = (count.clone(), Vec::new(), NonNull::dangling());
        Self { count, types, layout, pieces, used: 0, len: 0, next, left: 0 }
    }

    /// Takes all entries, and leaves none.
    pub(crate) fn take(&mut self) -> Self {
        let empty = Self::empty(self.types, self.layout, &self.count);
        std::mem::replace(self, empty)
    }

    pub(crate) fn types(&self) -> &'static EntryType {
        self.types
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Forgets all entries, and keeps their memory. Nobody reads one.
    pub(crate) fn reuse(&mut self) {
        (self.used, self.len, self.left) = (0, 0, 0);
    }

    /// How many entries a piece has room for. The pieces grow up to 64 KiB.
    fn capacity(&self, piece: usize) -> usize {
        const FIRST: usize = 8;
        let most = ((64 << 10) / self.layout.size()).max(1);
        if piece < 16 { most.min(FIRST << piece) } else { most }
    }

    fn piece_layout(&self, piece: usize) -> Layout {
        let size = self.layout.size() * self.capacity(piece);
        Layout::from_size_align(size, self.layout.align()).expect("it is small, or one entry")
    }

    /// Adds a copy of an entry that has a value. The entry gives its key and value away.
    ///
    /// # Safety
    ///
    /// The entry is of this type. Nobody uses its key and value afterwards.
    #[expect(unsafe_code, reason = "entries are copied without their types")]
    #[inline]
    pub(crate) unsafe fn push(&mut self, entry: EntryRef) -> FaceRef {
        if self.left == 0 {
            self.begin_piece();
        }
        self.left -= 1;
        self.len += 1;
        let to = self.next;
        // SAFETY: the last piece has room for it. The entry has as many bytes from its face on as the layout says.
        unsafe {
            self.next = to.add(self.layout.size());
            let from = entry.face().as_ptr().cast::<u8>();
            to.as_ptr().copy_from_nonoverlapping(from, self.layout.size());
            FaceRef::new(to.cast())
        }
    }

    #[cold]
    fn begin_piece(&mut self) {
        if self.used == self.pieces.len() {
            self.add_piece();
        }
        self.next = self.pieces[self.used];
        self.left = self.capacity(self.used);
        self.used += 1;
    }

    fn add_piece(&mut self) {
        let layout = self.piece_layout(self.pieces.len());
        #[expect(unsafe_code, reason = "it is a kind of `Vec`")]
        // SAFETY: the layout is not empty: a face has a size.
        let piece = unsafe { alloc(layout) };
        let Some(piece) = NonNull::new(piece) else { handle_alloc_error(layout) };
        self.pieces.push(piece);
    }

    /// Whether the address is within the memory of these entries.
    pub(crate) fn holds(&self, address: usize) -> bool {
        let has = |(i, piece): (usize, &NonNull<u8>)| {
            let begin = piece.addr().get();
            (begin..begin + self.piece_layout(i).size()).contains(&address)
        };
        self.pieces.iter().enumerate().any(has)
    }

    /// Shows `see` all entries, in the order in which they were added.
    pub(crate) fn for_each(&self, mut see: impl FnMut(FaceRef)) {
        let mut left = self.len;
        for (i, piece) in self.pieces.iter().enumerate() {
            let filled = self.capacity(i).min(left);
            left -= filled;
            for at in 0..filled {
                #[expect(unsafe_code, reason = "it is a kind of `Vec`")]
                // SAFETY: so many entries were written to this piece.
                see(unsafe { FaceRef::new(piece.add(at * self.layout.size()).cast()) });
            }
        }
    }
}

impl Drop for CompactEntries {
    fn drop(&mut self) {
        for (i, piece) in self.pieces.iter().enumerate() {
            #[expect(unsafe_code, reason = "it is a kind of `Vec`")]
            // SAFETY: it was allocated with this layout. Plain entries need no drop.
            unsafe {
                dealloc(piece.as_ptr(), self.piece_layout(i));
            }
        }
    }
}

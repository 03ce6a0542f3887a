//! The entries of a cache by hash, in a table that is read without a lock.
//!
//! A bucket is a cache line: seven entries, and a word of fingerprints. There is one fingerprint for each entry, and a
//! count that tells whether more entries are in the next bucket. All are compared at once, so the right entry is found
//! without trying others, and the processor mispredicts few branches (the idea of Google's "Swiss tables" and
//! Facebook's F14). One thread at a time changes the table, under the lock of the cache. Any number of threads read it meanwhile: they
//! may or may not find an entry that is put in or taken out as they look.
//!
//! The table knows neither the types nor the owners of entries, so it is compiled once for all types.

use crate::base::sync::{
    AtomicPtr, AtomicU64, Ordering,
    Ordering::{Acquire, Relaxed, Release},
};
use crate::entry::entry_ref::FaceRef;
use crate::entry::header::{Face, corrupted};
use crate::store::fingerprints::Fingerprints;
use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::marker::PhantomData;
use std::mem::needs_drop;
use std::ptr::NonNull;

const WIDTH: usize = 7;

/// The first cache line of a table. The buckets follow it, so they are found by the address of the table alone.
#[derive(Debug)]
#[cfg_attr(not(all(test, memofn_models)), repr(align(64)))]
#[cfg_attr(all(test, memofn_models), repr(align(1024)))]
pub(crate) struct Table {
    /// Selects from a hash the offset of its bucket in bytes.
    mask: usize,
}

#[derive(Debug, Default)]
#[cfg_attr(not(all(test, memofn_models)), repr(align(64)))]
#[cfg_attr(all(test, memofn_models), repr(align(1024)))]
struct Bucket {
    fingerprints: AtomicU64,
    entries: [AtomicPtr<Face>; WIDTH],
}

/// A cache line; more in models, where atomics are large.
const LINE: usize = size_of::<Bucket>();

const _: () = assert!(LINE.is_power_of_two() && size_of::<Table>() == LINE);

/// The buckets of a table that lives for `'t`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Buckets<'t> {
    table: NonNull<Table>,
    lives: PhantomData<&'t Table>,
}

/// The result of a look at one entry.
#[derive(Debug)]
pub(crate) enum Look<R> {
    Found(R),
    Nothing,
    /// It may be elsewhere: [`find`](Buckets::find) tells.
    Further,
}

impl<R> Look<R> {
    /// The result, if there is one. Calls `further` if it may be elsewhere.
    #[inline]
    pub(crate) fn found_or(self, further: impl FnOnce()) -> Option<R> {
        match self {
            Self::Found(found) => return Some(found),
            Self::Nothing => {}
            Self::Further => further(),
        }
        None
    }
}

impl<R> From<Option<R>> for Look<R> {
    fn from(found: Option<R>) -> Self {
        found.map_or(Self::Nothing, Self::Found)
    }
}

/// The owner of a table.
#[derive(Debug)]
pub(crate) struct OwnedTable(NonNull<Table>);

impl Bucket {
    /// The entry at an index. There may be none, though its fingerprint was equal.
    #[inline]
    fn entry(&self, i: usize, ordering: Ordering) -> Option<FaceRef> {
        #[expect(unsafe_code, reason = "it may be dereferenced")]
        // SAFETY: under the lock, an entry in a table is filed, and so alive. Without the lock, the caller protects the
        // tables of this cache by a hazard: an entry that was in one of them is not dropped meanwhile.
        unsafe {
            NonNull::new(self.entries[i].load(ordering)).map(|face| FaceRef::new(face))
        }
    }

    /// Has the processor fetch the entries. Each is in another cache line.
    fn prefetch_entries(&self) {
        // In a model each access is a step to explore.
        if !cfg!(all(test, memofn_models)) {
            self.entries.iter().for_each(|entry| prefetch(entry.load(Relaxed)));
        }
    }
}

/// Has the processor fetch memory that will be needed.
#[inline]
pub(crate) fn prefetch<T>(at: *const T) {
    #[cfg(all(target_arch = "x86_64", target_feature = "sse2", not(miri)))]
    #[expect(unsafe_code, reason = "not every processor has the instruction")]
    // SAFETY: the target has SSE. The instruction is a hint: it reads nothing that the program sees, and may be given any
    // address.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(at.cast());
    }
    let _ = at;
}

impl OwnedTable {
    /// A table with room for at least so many entries.
    pub(crate) fn with_room_for(entries: usize) -> Self {
        const LEAST: usize = if cfg!(all(test, memofn_models)) { 2 } else { 8 };
        let len = (entries * 2).div_ceil(7).next_power_of_two().max(LEAST);
        let layout = Self::layout(len);
        #[allow(clippy::cast_ptr_alignment, reason = "the layout says how it is aligned")]
        #[expect(unsafe_code, reason = "how many buckets there are is known at run time")]
        // SAFETY: the layout is not empty. All writes are within it, and before anybody else has the pointer. A bucket of
        // the standard library's atomics is empty when all its bytes are 0.
        unsafe {
            let Some(table) = NonNull::new(alloc_zeroed(layout).cast::<Table>()) else {
                handle_alloc_error(layout)
            };
            table.write(Table { mask: (len - 1) * LINE });
            if cfg!(all(test, memofn_models)) {
                let first = table.add(1).cast::<Bucket>();
                (0..len).for_each(|i| first.add(i).write(Bucket::default()));
            }
            Self(table)
        }
    }

    fn layout(len: usize) -> Layout {
        Layout::array::<Bucket>(1 + len).expect("there are fewer than memory has room for")
    }

    pub(crate) fn as_ptr(&self) -> *mut Table {
        self.0.as_ptr()
    }

    pub(crate) fn buckets(&self) -> Buckets<'_> {
        Buckets { table: self.0, lives: PhantomData }
    }
}

impl Drop for OwnedTable {
    fn drop(&mut self) {
        let layout = Self::layout(self.buckets().len());
        #[expect(unsafe_code, reason = "it was allocated by hand")]
        // SAFETY: it was allocated with this layout. The owner is dropped only when nobody reads the table.
        unsafe {
            if needs_drop::<Bucket>() {
                let first = self.0.add(1).cast::<Bucket>();
                (0..self.buckets().len()).for_each(|i| first.add(i).drop_in_place());
            }
            dealloc(self.0.as_ptr().cast(), layout);
        }
    }
}

#[expect(unsafe_code, reason = "it is a box")]
// SAFETY: it owns the table, and all fields of a table that change are atomic.
unsafe impl Send for OwnedTable {}

impl<'t> Buckets<'t> {
    /// The buckets of a table that somebody else owns.
    ///
    /// # Safety
    ///
    /// The table lives for `'t`.
    #[expect(unsafe_code, reason = "a table is read without being owned")]
    #[inline]
    pub(crate) unsafe fn of(table: NonNull<Table>) -> Self {
        Self { table, lives: PhantomData }
    }

    #[inline]
    fn mask(self) -> usize {
        #[expect(unsafe_code, reason = "a table is read without being owned")]
        // SAFETY: the table lives for `'t`, and nobody has a mutable reference to it.
        unsafe {
            self.table.as_ref().mask
        }
    }

    /// How many buckets there are.
    fn len(self) -> usize {
        self.mask() / LINE + 1
    }

    /// The bucket at an offset in bytes, masked.
    #[inline]
    fn at(self, offset: usize) -> &'t Bucket {
        #[expect(unsafe_code, reason = "how many buckets there are is known at run time")]
        // SAFETY: the table lives for `'t`. With the mask applied, the offset is that of one of its buckets.
        unsafe {
            self.table.add(1).byte_add(offset & self.mask()).cast::<Bucket>().as_ref()
        }
    }

    /// How many entries they have room for: half of what they could hold, so that few overflow.
    pub(crate) fn room(self) -> usize {
        self.len() * 7 / 2
    }

    /// Shows `see` the entries that may be filed under `hash`, until it returns something. It may see an entry twice.
    #[inline]
    pub(crate) fn find<R>(self, hash: u64, mut see: impl FnMut(FaceRef) -> Option<R>) -> Option<R> {
        match self.look(hash, &mut see) {
            Look::Found(found) => Some(found),
            Look::Nothing => None,
            Look::Further => self.search(hash, &mut see),
        }
    }

    /// Whether an entry is filed under `hash`.
    #[inline]
    pub(crate) fn has(self, hash: u64) -> bool {
        self.find(hash, |entry| (entry.hash() == hash).then_some(())).is_some()
    }

    /// [`find`](Self::find) at the most likely place only: the first entry of an equal fingerprint in the first bucket.
    #[inline]
    pub(crate) fn look<R>(self, hash: u64, see: impl FnOnce(FaceRef) -> Option<R>) -> Look<R> {
        let bucket = self.at(first(hash));
        let fingerprints = Fingerprints(bucket.fingerprints.load(Acquire));
        match fingerprints.equal_to(Fingerprints::of(hash)).next() {
            None if fingerprints.overflow() == 0 => Look::Nothing,
            None => Look::Further,
            Some(i) => match bucket.entry(i, Acquire).and_then(see) {
                Some(found) => Look::Found(found),
                None => Look::Further,
            },
        }
    }

    /// Has the processor fetch the first bucket of a hash.
    #[inline]
    pub(crate) fn prefetch(self, hash: u64) {
        prefetch(std::ptr::from_ref(self.at(first(hash))));
    }

    #[cold]
    fn search<R>(self, hash: u64, see: &mut impl FnMut(FaceRef) -> Option<R>) -> Option<R> {
        for bucket in self.from(hash) {
            let fingerprints = Fingerprints(bucket.fingerprints.load(Acquire));
            for i in fingerprints.equal_to(Fingerprints::of(hash)) {
                let found = bucket.entry(i, Acquire).and_then(&mut *see);
                if found.is_some() {
                    return found;
                }
            }
            if fingerprints.overflow() == 0 {
                break;
            }
        }
        None
    }

    /// Shows `see` the entries filed under `hash`. Under the lock.
    #[inline]
    pub(crate) fn for_each(self, hash: u64, mut see: impl FnMut(FaceRef)) {
        let _all = self.search(hash, &mut |entry| {
            if entry.hash() == hash {
                see(entry);
            }
            None::<()>
        });
    }

    /// Files an entry. There must be room for it.
    #[inline]
    pub(crate) fn insert(self, entry: FaceRef) {
        let hash = entry.hash();
        for bucket in self.from(hash) {
            let fingerprints = Fingerprints(bucket.fingerprints.load(Relaxed));
            if let Some(i) = fingerprints.equal_to(0).next() {
                bucket.entries[i].store(entry.as_ptr(), Release);
                bucket.fingerprints.store(fingerprints.set(i, Fingerprints::of(hash)).0, Release);
                return;
            }
            bucket.fingerprints.store(fingerprints.with_overflow(1).0, Release);
        }
    }

    /// Files in another table all that is filed here. There must be room for it.
    pub(crate) fn move_to(self, other: Buckets<'_>) {
        /// The entries of a bucket are fetched so many buckets before they are needed.
        const AHEAD: usize = 4;
        for i in 0..self.len() {
            self.at((i + AHEAD) * LINE).prefetch_entries();
            let bucket = self.at(i * LINE);
            for entry in (0..WIDTH).filter_map(|i| bucket.entry(i, Relaxed)) {
                other.insert(entry);
            }
        }
    }

    /// Takes an entry out that was filed. Aborts the process if it was not.
    pub(crate) fn remove(self, entry: FaceRef) {
        let hash = entry.hash();
        for bucket in self.from(hash) {
            let fingerprints = Fingerprints(bucket.fingerprints.load(Relaxed));
            let is_it = |i: &usize| bucket.entry(*i, Relaxed) == Some(entry);
            if let Some(i) = fingerprints.equal_to(Fingerprints::of(hash)).find(is_it) {
                bucket.fingerprints.store(fingerprints.set(i, 0).0, Release);
                bucket.entries[i].store(std::ptr::null_mut(), Release);
                return;
            }
            // The entry had overflowed here.
            bucket.fingerprints.store(fingerprints.with_overflow(-1).0, Release);
        }
        corrupted("an entry is not in the table");
    }

    /// Shows `see` all entries that are filed.
    pub(crate) fn for_all(self, mut see: impl FnMut(FaceRef)) {
        for bucket in self.from(0) {
            // A bucket without fingerprints has no entries.
            if bucket.fingerprints.load(Relaxed) << 8 != 0 {
                (0..WIDTH).filter_map(|i| bucket.entry(i, Relaxed)).for_each(&mut see);
            }
        }
    }

    /// Takes out all entries.
    pub(crate) fn empty(self) {
        for bucket in self.from(0) {
            if bucket.fingerprints.load(Relaxed) != 0 {
                bucket.fingerprints.store(0, Release);
                bucket.entries.iter().for_each(|it| it.store(std::ptr::null_mut(), Release));
            }
        }
    }

    /// The buckets that an entry of this hash may be in, in the order in which they are filled: all of them.
    fn from(self, hash: u64) -> impl Iterator<Item = &'t Bucket> + use<'t> {
        (0..self.len()).map(move |i| self.at(first(hash).wrapping_add(i * LINE)))
    }
}

/// The offset of the first bucket of a hash, unmasked. The upper half of the hash is the number of the bucket.
#[inline]
#[allow(clippy::cast_possible_truncation, reason = "there are no more buckets than addresses")]
fn first(hash: u64) -> usize {
    (hash >> (32 - LINE.trailing_zeros())) as usize
}

#[cfg(test)]
mod tests;

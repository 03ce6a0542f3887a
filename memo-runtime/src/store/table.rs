//! The entries of a cache by hash, in a table that is read without a lock.
//!
//! A bucket is a cache line: seven entries, and a word that has a tag for each of them and tells whether
//! more are in the next bucket. Comparing all tags at once finds the right entry without trying others,
//! so that processors are not surprised (the idea of Google's "Swiss tables" and of Facebook's F14). One
//! thread at a time changes the table, under the lock of the cache. Any number read it meanwhile; what
//! is put in or taken out while they look they may find or not.
//!
//! The table knows neither types nor owners of what it points at, and so is compiled once for all.

use crate::base::sync::{
    AtomicPtr, AtomicU64, Ordering,
    Ordering::{Acquire, Relaxed, Release},
};
use crate::entry::header::{EntryRef, Header, corrupted};
use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::marker::PhantomData;
use std::mem::needs_drop;
use std::ptr::NonNull;

const WIDTH: usize = 7;

/// The first line of a table, which its buckets follow: to find one takes no more than its address.
#[derive(Debug)]
#[cfg_attr(not(all(test, memofn_models)), repr(align(64)))]
#[cfg_attr(all(test, memofn_models), repr(align(1024)))]
pub(crate) struct Table {
    /// Selects from a hash how many bytes its bucket is from the first.
    mask: usize,
}

#[derive(Debug, Default)]
#[cfg_attr(not(all(test, memofn_models)), repr(align(64)))]
#[cfg_attr(all(test, memofn_models), repr(align(1024)))]
struct Bucket {
    tags: AtomicU64,
    entries: [AtomicPtr<Header>; WIDTH],
}

/// A line of memory, but in models, whose atomics are large.
const LINE: usize = size_of::<Bucket>();

const _: () = assert!(LINE.is_power_of_two() && size_of::<Table>() == LINE);

/// A table, whoever owns it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Buckets<'t> {
    table: NonNull<Table>,
    lives: PhantomData<&'t Table>,
}

/// What is found at the first look.
#[derive(Debug)]
pub(crate) enum Look<R> {
    Found(R),
    Nothing,
    /// If anything, then further on.
    Further,
}

impl<R> Look<R> {
    /// What was found. Says so if there may be something `further` on.
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
    /// What is filed there. Its tag may have looked equal though nothing is.
    #[inline]
    fn entry(&self, i: usize, ordering: Ordering) -> Option<EntryRef> {
        #[expect(unsafe_code, reason = "it may be dereferenced")]
        // SAFETY: under the lock, what is in a table is filed. Without it, the caller has announced that it
        // reads the tables of this cache.
        unsafe {
            EntryRef::from_ptr(self.entries[i].load(ordering))
        }
    }
}

/// The tags of a bucket: a byte for each entry, 0 where there is none; the highest byte counts the
/// entries that were filed further on because there was no room here, and stays at its maximum.
#[derive(Debug, Clone, Copy)]
struct Tags(u64);

impl Tags {
    /// Is never 0: see [`SEEN`](crate::key::hash::SEEN).
    #[inline]
    fn tag(hash: u64) -> u64 {
        hash >> 56
    }

    /// Where a tag may be; where it is, is certain.
    #[inline]
    fn equal_to(self, tag: u64) -> Matches {
        matches(self.0, tag)
    }

    fn set(self, at: usize, tag: u64) -> Self {
        Self(self.0 & !(0xFF << (8 * at)) | tag << (8 * at))
    }

    #[inline]
    fn overflow(self) -> u64 {
        self.0 >> 56
    }

    /// One more or less overflows.
    fn with_overflow(self, change: i64) -> Self {
        let overflow = self.overflow();
        let changed =
            if overflow == 0xFF { overflow } else { overflow.wrapping_add_signed(change) };
        Self(self.0 & (u64::MAX >> 8) | changed << 56)
    }
}

/// Positions in a bucket: a bit for each, of as many as the width says.
#[derive(Debug)]
struct Matches {
    bits: u64,
    width: u32,
}

impl Iterator for Matches {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        if self.bits == 0 {
            return None;
        }
        let at = self.bits.trailing_zeros() / self.width;
        self.bits &= self.bits - 1;
        Some(at as usize)
    }
}

/// Every such processor has these instructions. They take fewer registers than the other way does.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
#[inline]
#[allow(
    clippy::cast_possible_wrap,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bits are bits"
)]
fn matches(tags: u64, tag: u64) -> Matches {
    use std::arch::x86_64::{_mm_cmpeq_epi8, _mm_cvtsi64_si128, _mm_movemask_epi8, _mm_set1_epi8};
    #[allow(unsafe_code, unused_unsafe, reason = "these are safe in newer versions of Rust")]
    // SAFETY: they are there, as was asked for.
    let equal = unsafe {
        let tags = _mm_cvtsi64_si128(tags as i64);
        _mm_movemask_epi8(_mm_cmpeq_epi8(tags, _mm_set1_epi8(tag as i8)))
    };
    Matches { bits: u64::from(equal as u32 & 0x7F), width: 1 }
}

/// Has the processor fetch what will be needed.
#[inline]
pub(crate) fn prefetch<T>(at: *const T) {
    #[cfg(all(target_arch = "x86_64", target_feature = "sse2", not(miri)))]
    #[expect(unsafe_code, reason = "as of all that is not for every processor")]
    // SAFETY: there is such an instruction where there is SSE; what is at the address is not used.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(at.cast());
    }
    let _ = at;
}

/// Subtracting 1 from each byte that differs in no bit borrows from its highest one, and perhaps from that
/// of the next.
#[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
#[inline]
fn matches(tags: u64, tag: u64) -> Matches {
    const EACH: u64 = 0x0001_0101_0101_0101;
    let differing = tags ^ (EACH * tag);
    Matches { bits: differing.wrapping_sub(EACH) & !differing & (EACH << 7), width: 8 }
}

impl OwnedTable {
    /// A table of at least so much room.
    pub(crate) fn with_room_for(entries: usize) -> Self {
        const LEAST: usize = if cfg!(all(test, memofn_models)) { 2 } else { 8 };
        let len = (entries * 2).div_ceil(7).next_power_of_two().max(LEAST);
        let layout = Self::layout(len);
        #[allow(clippy::cast_ptr_alignment, reason = "the layout says how it is aligned")]
        #[expect(unsafe_code, reason = "how many buckets there are is known at run time")]
        // SAFETY: the layout has a size; what is made of it is written within its bounds, before anybody
        // sees it. A bucket of the standard library's atomics is empty when all its bytes are 0.
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
        // SAFETY: it was, with this layout. Nobody reads it any longer.
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
// SAFETY: it owns what it points at, all of which is atomic.
unsafe impl Send for OwnedTable {}

impl<'t> Buckets<'t> {
    /// Those of a table somebody else owns.
    ///
    /// # Safety
    ///
    /// The table lives as long as this says.
    #[expect(unsafe_code, reason = "tables are read by those who do not own them")]
    #[inline]
    pub(crate) unsafe fn of(table: NonNull<Table>) -> Self {
        Self { table, lives: PhantomData }
    }

    #[inline]
    fn mask(self) -> usize {
        #[expect(unsafe_code, reason = "tables are read by those who do not own them")]
        // SAFETY: it lives, and nobody has a mutable reference to it.
        unsafe {
            self.table.as_ref().mask
        }
    }

    /// How many there are.
    fn len(self) -> usize {
        self.mask() / LINE + 1
    }

    /// The bucket that is so many bytes from the first, or as many as the mask leaves of that.
    #[inline]
    fn at(self, offset: usize) -> &'t Bucket {
        #[expect(unsafe_code, reason = "how many buckets there are is known at run time")]
        // SAFETY: it lives for `'t`, and with the mask applied the offset is that of a bucket.
        unsafe {
            self.table.add(1).byte_add(offset & self.mask()).cast::<Bucket>().as_ref()
        }
    }

    /// How many entries they hold before too many overflow.
    pub(crate) fn room(self) -> usize {
        self.len() * 7 / 2
    }

    /// Shows `see` what may be filed under `hash`, some of it twice, until it has found what it looks for.
    #[inline]
    pub(crate) fn find<R>(
        self,
        hash: u64,
        mut see: impl FnMut(EntryRef) -> Option<R>,
    ) -> Option<R> {
        match self.look(hash, &mut see) {
            Look::Found(found) => Some(found),
            Look::Nothing => None,
            Look::Further => self.search(hash, &mut see),
        }
    }

    /// The same where it is nearly always: the first one of an equal tag in the first bucket.
    #[inline]
    pub(crate) fn look<R>(self, hash: u64, see: impl FnOnce(EntryRef) -> Option<R>) -> Look<R> {
        let bucket = self.at(first(hash));
        let tags = Tags(bucket.tags.load(Acquire));
        match tags.equal_to(Tags::tag(hash)).next() {
            None if tags.overflow() == 0 => Look::Nothing,
            None => Look::Further,
            Some(i) => match bucket.entry(i, Acquire).and_then(see) {
                Some(found) => Look::Found(found),
                None => Look::Further,
            },
        }
    }

    /// Has the processor fetch the bucket of a hash.
    #[inline]
    pub(crate) fn prefetch(self, hash: u64) {
        prefetch(std::ptr::from_ref(self.at(first(hash))));
    }

    #[cold]
    fn search<R>(self, hash: u64, see: &mut impl FnMut(EntryRef) -> Option<R>) -> Option<R> {
        for bucket in self.from(hash) {
            let tags = Tags(bucket.tags.load(Acquire));
            for i in tags.equal_to(Tags::tag(hash)) {
                let found = bucket.entry(i, Acquire).and_then(&mut *see);
                if found.is_some() {
                    return found;
                }
            }
            if tags.overflow() == 0 {
                break;
            }
        }
        None
    }

    /// Shows `see` the entries filed under `hash`. Under the lock.
    #[inline]
    pub(crate) fn for_each(self, hash: u64, mut see: impl FnMut(EntryRef)) {
        let _all = self.search(hash, &mut |place| {
            if place.hash() == hash {
                see(place);
            }
            None::<()>
        });
    }

    /// Files an entry. There must be room for it.
    pub(crate) fn insert(self, place: EntryRef) {
        self.insert_at(place.hash(), place);
    }

    /// The same for one whose hash is known.
    #[inline]
    pub(crate) fn insert_at(self, hash: u64, place: EntryRef) {
        for bucket in self.from(hash) {
            let tags = Tags(bucket.tags.load(Relaxed));
            if let Some(i) = tags.equal_to(0).next() {
                bucket.entries[i].store(place.as_ptr(), Release);
                bucket.tags.store(tags.set(i, Tags::tag(hash)).0, Release);
                return;
            }
            bucket.tags.store(tags.with_overflow(1).0, Release);
        }
    }

    /// Files in another table what is filed here, which is done with. There must be room for it.
    pub(crate) fn move_to(self, other: Buckets<'_>) {
        for bucket in self.from(0) {
            // First all hashes, each of which is in another line of memory: processors fetch them at the
            // same time if nothing else is to be done in between.
            let mut filed = [None; WIDTH];
            for (i, filed) in filed.iter_mut().enumerate() {
                *filed = bucket.entry(i, Relaxed).map(|place| (place.hash(), place));
            }
            for (hash, place) in filed.into_iter().flatten() {
                other.insert_at(hash, place);
            }
        }
    }

    /// Takes an entry out that was filed. Aborts the process if it was not.
    pub(crate) fn remove(self, place: EntryRef) {
        let hash = place.hash();
        for bucket in self.from(hash) {
            let tags = Tags(bucket.tags.load(Relaxed));
            let is_it = |i: &usize| bucket.entry(*i, Relaxed) == Some(place);
            if let Some(i) = tags.equal_to(Tags::tag(hash)).find(is_it) {
                bucket.tags.store(tags.set(i, 0).0, Release);
                bucket.entries[i].store(std::ptr::null_mut(), Release);
                return;
            }
            // Whatever overflowed here is no longer there.
            bucket.tags.store(tags.with_overflow(-1).0, Release);
        }
        corrupted("an entry is not in the table");
    }

    /// Shows `see` all that is filed.
    pub(crate) fn for_all(self, mut see: impl FnMut(EntryRef)) {
        for bucket in self.from(0) {
            // A bucket of no tags has no entries.
            if bucket.tags.load(Relaxed) << 8 != 0 {
                (0..WIDTH).filter_map(|i| bucket.entry(i, Relaxed)).for_each(&mut see);
            }
        }
    }

    /// Takes out all that is filed.
    pub(crate) fn empty(self) {
        for bucket in self.from(0) {
            if bucket.tags.load(Relaxed) != 0 {
                bucket.tags.store(0, Release);
                bucket.entries.iter().for_each(|it| it.store(std::ptr::null_mut(), Release));
            }
        }
    }

    /// The buckets that entries of this hash may be in, in the order they are filled: all of them.
    fn from(self, hash: u64) -> impl Iterator<Item = &'t Bucket> + use<'t> {
        (0..self.len()).map(move |i| self.at(first(hash).wrapping_add(i * LINE)))
    }
}

/// How far the first bucket of a hash is, but for the mask: its upper half is the number of the bucket.
#[inline]
#[allow(clippy::cast_possible_truncation, reason = "there are no more buckets than addresses")]
fn first(hash: u64) -> usize {
    (hash >> (32 - LINE.trailing_zeros())) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::entry::Entry;
    use crate::key::hash::SEEN;
    use crate::scope::scope::Thread;

    /// Any sequence of doings, beside a list. Hashes crowd in the last bucket and overflow to the first.
    #[test]
    fn what_is_filed_is_found_until_it_is_taken_out() {
        let owner = OwnedTable::with_room_for(40);
        let table = owner.buckets();
        let (mut owners, mut model) = (Vec::new(), Vec::<EntryRef>::new());
        let mut random = 1_u64;
        for _ in 0..if cfg!(miri) { 80 } else { 20_000 } {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let hash = ((random >> 33) % 12) << 58 | SEEN | 0xFFFF << 32;
            if model.len() < table.room() && random >> 63 == 0 {
                let entry = Entry::<_, u8>::ready::<Thread>(hash, (), 0);
                table.insert(entry.place());
                model.push(entry.place());
                owners.push(entry);
            } else if !model.is_empty() {
                table.remove(model.swap_remove((random >> 40) as usize % model.len()));
            }
            for place in &model {
                let mut filed = Vec::new();
                table.for_each(place.hash(), |it| filed.push(it));
                assert!(filed.contains(place));
                assert!(filed.iter().all(|it| model.contains(it) && it.hash() == place.hash()));
                assert!(table.find(place.hash(), |it| (it == *place).then_some(())).is_some());
            }
            let mut count = 0;
            table.for_all(|_| count += 1);
            assert_eq!(count, model.len());
            assert!(!model.is_empty() || table.from(0).all(|it| it.tags.load(Relaxed) == 0));
        }
    }
}

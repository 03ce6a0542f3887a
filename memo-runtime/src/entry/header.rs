//! The head of an entry: what its cache knows of it, whatever its key and value are.
//!
//! All that is kept for one entry is in its head, where what comes next to be read lies beside it: no
//! lists run along with the entries, and so none have to be renumbered or given back. A table points at
//! heads, and heads at their neighbours in the order of use.
//!
//! A head is written under the lock of its cache, except for the stamp and the count of owners. Its
//! fields are atomics so that the compiler need not be told so; none of them costs more than a plain one.

use crate::base::clock::Time;
use crate::base::sync::{
    AtomicU64,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};
use crate::key::hash::SEEN;
use crate::scope::runners::Runner;
use crate::scope::scope::Scope;
use std::ops::Deref;
use std::ptr::NonNull;
// Those of the standard library: what happens under a lock is no step for models to explore.
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64 as Guarded};

/// What is known of an entry. What a hit needs comes last, next to the key and the value.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Header {
    /// Neighbours in the list it is in.
    pub(crate) before: Link,
    pub(crate) after: Link,
    /// Of one that is stored, the stamp it is ranked by; of one that is computed, by whom.
    rank: Guarded,
    /// The generation, which tells it from all other entries of the cache, and below that some of [`state`].
    state: Guarded,
    /// Its number in the order of age, if entries expire.
    age: AtomicU32,
    owners: AtomicU32,
    /// When it was used last.
    pub(crate) stamp: AtomicU64,
    /// The hash of its key; until it is stored without [`SEEN`], so that no hit takes it for another.
    hash: AtomicU64,
}

/// What an entry is, in the lowest byte of its state.
mod state {
    /// It is being computed.
    pub(super) const FLYING: u64 = 1;
    /// It lets others join.
    pub(super) const JOINABLE: u64 = 1 << 1;
    /// What is computed must not be stored.
    pub(super) const INVALIDATED: u64 = 1 << 2;
    /// It is stored.
    pub(super) const STORED: u64 = 1 << 3;
    /// Another was filed under the same hash at the same time.
    pub(super) const SHARED_HASH: u64 = 1 << 4;
    /// It has a value.
    pub(super) const VALUED: u64 = 1 << 5;
    /// It has been used since it was stored, and is ranked accordingly.
    pub(super) const USED: u64 = 1 << 6;
    /// Its own run is writing its value.
    pub(super) const RESERVED: u64 = 1 << 7;
    pub(super) const BITS: u32 = 8;
}

/// What is known of a computation under way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flying {
    pub(crate) owner: Runner,
    /// Whether callers of an equal key wait for this run.
    pub(crate) joinable: bool,
    /// Its key was removed, or the cache cleared, since it started: its result must not be stored.
    pub(crate) invalidated: bool,
}

impl Header {
    pub(crate) fn new(hash: u64) -> Self {
        Self {
            hash: AtomicU64::new(hash & !SEEN),
            stamp: AtomicU64::new(0),
            state: Guarded::new(0),
            rank: Guarded::new(0),
            before: Link::default(),
            after: Link::default(),
            age: AtomicU32::new(0),
            owners: AtomicU32::new(1),
        }
    }

    /// The hash of its key.
    #[inline]
    pub(crate) fn hash(&self) -> u64 {
        self.hash.load(Relaxed) | SEEN
    }

    /// Whether it is stored, or was, under this hash. Then it has a value.
    #[inline]
    pub(crate) fn is_seen(&self, hash: u64) -> bool {
        self.hash.load(Acquire) == hash
    }

    /// Shows it, which was just stored, to those who look without the lock.
    pub(crate) fn show(&self, stamp: u64) {
        self.stamp.store(stamp, Relaxed);
        self.hash.store(self.hash(), Release);
    }

    fn has(&self, bits: u64) -> bool {
        self.state.load(Relaxed) & bits != 0
    }

    fn change(&self, set: u64, clear: u64) {
        // Who sees that there is a value, by whichever change, has to see the value.
        self.state.store(self.state.load(Relaxed) & !clear | set, Release);
    }

    /// Tells it from all other entries of its cache there have been; 0 before it is filed.
    pub(crate) fn generation(&self) -> u64 {
        self.state.load(Relaxed) >> state::BITS
    }

    /// It is computed from now on.
    pub(crate) fn start(&self, generation: u64, flying: Flying) {
        let Flying { owner, joinable, .. } = flying;
        self.rank.store(owner.id(), Relaxed);
        let joinable = if joinable { state::JOINABLE } else { 0 };
        let valued = self.state.load(Relaxed) & state::VALUED;
        self.state.store(generation << state::BITS | valued | state::FLYING | joinable, Release);
    }

    /// What is known of its computation, unless that is over.
    pub(crate) fn flying(&self) -> Option<Flying> {
        self.is_flying().then(|| Flying {
            owner: Runner::from_id(self.rank.load(Relaxed)),
            joinable: self.has(state::JOINABLE),
            invalidated: self.has(state::INVALIDATED),
        })
    }

    pub(crate) fn is_flying(&self) -> bool {
        self.has(state::FLYING)
    }

    /// Whether it is being computed, to be stored, and nothing else was filed under its hash.
    #[inline]
    pub(crate) fn is_alone(&self) -> bool {
        const ALONE: u64 = state::FLYING;
        let state = self.state.load(Relaxed);
        state & (ALONE | state::INVALIDATED | state::SHARED_HASH) == ALONE
    }

    /// Keeps others from waiting for the computation, which is stored still.
    pub(crate) fn detach_waiters(&self) {
        self.change(0, state::JOINABLE);
    }

    pub(crate) fn invalidate(&self) {
        if self.is_flying() {
            self.change(state::INVALIDATED, 0);
        }
    }

    /// Its computation is over, and its result stored.
    pub(crate) fn store(&self, rank: u64) {
        self.rank.store(rank, Relaxed);
        self.change(state::STORED, state::FLYING);
    }

    pub(crate) fn is_stored(&self) -> bool {
        self.has(state::STORED)
    }

    /// It is no longer filed.
    pub(crate) fn leave(&self) {
        self.change(0, state::FLYING | state::STORED);
    }

    /// Others are filed under the same hash.
    pub(crate) fn mark_shared_hash(&self) {
        self.change(state::SHARED_HASH, 0);
    }

    pub(crate) fn has_value(&self) -> bool {
        self.state.load(Acquire) & state::VALUED != 0
    }

    /// The value was written.
    pub(crate) fn valued(&self) {
        self.change(state::VALUED, state::RESERVED);
    }

    /// Lets the caller alone write the value, which takes a while, without the lock. Under the lock. Returns
    /// whether there is none yet, and nobody else writes one.
    pub(crate) fn reserve(&self) -> bool {
        let is_free = !self.has(state::VALUED | state::RESERVED);
        if is_free {
            self.change(state::RESERVED, 0);
        }
        is_free
    }

    pub(crate) fn is_reserved(&self) -> bool {
        self.has(state::RESERVED)
    }

    /// The value was not written after all.
    pub(crate) fn unreserve(&self) {
        self.change(0, state::RESERVED);
    }

    /// When the run of its flight started, if that is of interest. Kept where the stamp will be.
    pub(crate) fn set_started(&self, started: Option<Time>) {
        self.stamp.store(started.map_or(u64::MAX, Time::nanos), Relaxed);
    }

    /// The same, as long as the flight is under way. If another has landed it, this is any time.
    pub(crate) fn started(&self) -> Option<Time> {
        let started = self.stamp.load(Relaxed);
        (started != u64::MAX).then(|| Time::from_nanos(started))
    }

    /// The stamp it is ranked by; it has the same or a later one.
    pub(crate) fn rank(&self) -> u64 {
        self.rank.load(Relaxed)
    }

    /// It is ranked by a later stamp than that of its storing.
    pub(crate) fn rank_anew(&self, stamp: u64) {
        self.rank.store(stamp, Relaxed);
        self.change(state::USED, 0);
    }

    pub(crate) fn is_ranked_anew(&self) -> bool {
        self.has(state::USED)
    }

    pub(crate) fn age(&self) -> u32 {
        self.age.load(Relaxed)
    }

    pub(crate) fn set_age(&self, age: u32) {
        self.age.store(age, Relaxed);
    }
}

/// One more owner, or one less. With several threads this is how pointers are counted everywhere; a
/// thread that has them to itself adds and subtracts.
impl Header {
    #[inline]
    pub(crate) fn retain<S: Scope>(&self) {
        const TOO_MANY: u32 = u32::MAX / 2;
        let owners = if S::SHARED {
            self.owners.fetch_add(1, Relaxed)
        } else {
            let owners = self.owners.load(Relaxed);
            self.owners.store(owners + 1, Relaxed);
            owners
        };
        if owners > TOO_MANY {
            std::process::abort();
        }
    }

    /// Whether it was the last, and the entry is to be freed. Aborts the process if the entry is filed:
    /// see [`EntryRef`].
    #[inline]
    pub(crate) fn release<S: Scope>(&self) -> bool {
        let is_last = self.release_owner::<S>();
        if is_last && self.has(state::FLYING | state::STORED) {
            corrupted("an entry that is filed has no owner");
        }
        is_last
    }

    #[inline]
    fn release_owner<S: Scope>(&self) -> bool {
        let owners = self.owners.load(Acquire);
        if !S::SHARED {
            self.owners.store(owners - 1, Relaxed);
            return owners == 1;
        }
        // The only one there is can be nobody else, and nobody else can make it two.
        if owners == 1 {
            return true;
        }
        // Not a fence for the last one alone, which the thread sanitizer does not understand.
        self.owners.fetch_sub(1, AcqRel) == 1
    }
}

/// A pointer to the head of an entry that is alive.
///
/// # Why it may be dereferenced
///
/// To make a place is unsafe: its maker promises that the entry is alive whenever the place is used.
/// There are three reasons for an entry to be alive: the user owns it, the user has announced that it reads
/// it, or the entry is *filed* in a cache whose lock the user holds.
///
/// The last reason does not rest on the logic of the lists, but on two checks that run in every build:
///
/// - An entry that is filed is not freed. [`Header::release`] aborts the process instead.
/// - An entry ceases to be filed when it has left the table, its list and the queue of ages (`Store::unfile`),
///   or when all of these have been emptied (`Store::clear`). Each of them aborts the process if the entry is
///   not where it should be: a list looks whether both neighbours point back.
///
/// So a mistake in the bookkeeping ends the process with a message. It does not leave a dangling pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EntryRef(NonNull<Header>);

/// The bookkeeping of a cache contradicts itself: to go on would be undefined behaviour.
#[cold]
#[inline(never)]
pub(crate) fn corrupted(what: &str) -> ! {
    use std::io::Write;
    // Not `eprintln`, which tests capture: nothing comes after this to show it.
    let _ = writeln!(
        std::io::stderr(),
        "memofn: a cache is corrupted: {what}. This is a bug in memofn; the process ends here."
    );
    std::process::abort()
}

#[expect(unsafe_code, reason = "it is a pointer")]
// SAFETY: threads may share heads, of which all that changes is atomic; keys and values are out of reach.
unsafe impl Send for EntryRef {}

#[expect(unsafe_code, reason = "it is a pointer")]
// SAFETY: as above.
unsafe impl Sync for EntryRef {}

impl EntryRef {
    /// # Safety
    ///
    /// The entry is alive whenever the place is used. The pointer is one to all of the entry.
    #[expect(unsafe_code, reason = "it may be dereferenced")]
    #[inline]
    pub(crate) unsafe fn new(head: NonNull<Header>) -> Self {
        Self(head)
    }

    /// # Safety
    ///
    /// As of [`new`](Self::new), unless the pointer is null.
    #[expect(unsafe_code, reason = "it may be dereferenced")]
    #[inline]
    pub(crate) unsafe fn from_ptr(head: *mut Header) -> Option<Self> {
        NonNull::new(head).map(Self)
    }

    #[inline]
    pub(crate) fn as_ptr(self) -> *mut Header {
        self.0.as_ptr()
    }

    pub(crate) fn as_non_null(self) -> NonNull<Header> {
        self.0
    }

    pub(crate) fn addr(self) -> usize {
        self.0.addr().get()
    }
}

impl Deref for EntryRef {
    type Target = Header;

    #[inline]
    fn deref(&self) -> &Header {
        #[expect(unsafe_code, reason = "entries are pointed at by those who do not own them")]
        // SAFETY: the maker of the place has promised that the entry is alive; nobody has a mutable
        // reference to a head.
        unsafe {
            self.0.as_ref()
        }
    }
}

/// Leads to a neighbour in a list, or nowhere. It is used under the lock.
#[derive(Debug, Default)]
pub(crate) struct Link(AtomicPtr<Header>);

impl Link {
    pub(crate) fn get(&self) -> Option<EntryRef> {
        #[expect(unsafe_code, reason = "it may be dereferenced")]
        // SAFETY: a neighbour is in the same list, and so it is filed: see `EntryRef`.
        unsafe {
            EntryRef::from_ptr(self.0.load(Relaxed))
        }
    }

    pub(crate) fn set(&self, place: Option<EntryRef>) {
        self.0.store(place.map_or(std::ptr::null_mut(), EntryRef::as_ptr), Relaxed);
    }
}

/// A list of entries, each of which is in one list at most.
#[derive(Debug, Default)]
pub(crate) struct List {
    first: Option<EntryRef>,
    last: Option<EntryRef>,
}

impl List {
    pub(crate) fn first(&self) -> Option<EntryRef> {
        self.first
    }

    pub(crate) fn push_last(&mut self, place: EntryRef) {
        place.before.set(self.last);
        place.after.set(None);
        match self.last {
            Some(last) => last.after.set(Some(place)),
            None => self.first = Some(place),
        }
        self.last = Some(place);
    }

    /// Takes out one that is in this list. Aborts the process if it is not.
    pub(crate) fn remove(&mut self, place: EntryRef) {
        let (before, after) = (place.before.get(), place.after.get());
        let known_before = before.map_or(self.first, |before| before.after.get());
        let known_after = after.map_or(self.last, |after| after.before.get());
        if known_before != Some(place) || known_after != Some(place) {
            corrupted("an entry is not in its list");
        }
        match before {
            Some(before) => before.after.set(after),
            None => self.first = after,
        }
        match after {
            Some(after) => after.before.set(before),
            None => self.last = before,
        }
    }

    pub(crate) fn pop_first(&mut self) -> Option<EntryRef> {
        let first = self.first?;
        self.remove(first);
        Some(first)
    }

    /// Its entries, each of whose links is looked at.
    #[cfg(debug_assertions)]
    pub(crate) fn checked(&self) -> impl Iterator<Item = EntryRef> {
        let mut before = None;
        let links = self.iter().inspect(move |place| {
            assert_eq!(place.before.get(), before, "both neighbours point at each other");
            before = Some(*place);
        });
        assert_eq!(self.iter().last(), self.last);
        links
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = EntryRef> + use<> {
        std::iter::successors(self.first, |place| place.after.get())
    }
}

//! The header of an entry: what its cache knows about it, for keys and values of any types.
//!
//! The bookkeeping of an entry lies in its header, next to the key and the value. No parallel arrays have to be
//! grown, renumbered or given back. A table points at headers, and a header at its neighbours in a list.
//!
//! A header is written under the lock of its cache, with two exceptions: hits write the stamp, and owners are
//! counted without the lock. The other fields are atomics only because headers are shared between threads. A relaxed
//! access to an atomic costs no more than one to a plain field.

use crate::base::stopwatch::Started;
use crate::base::sync::{
    AtomicU64,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};
use crate::key::hash::SEEN;
use crate::scope::runners::Runner;
use crate::scope::scope::Scope;
// The models do not explore what happens under a lock, so these fields are atomics of the standard library.
use std::mem::offset_of;
use std::ops::Deref;
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64 as Guarded};

/// A number that grows from use to use. Each hit leaves one in its entry.
pub(crate) type Stamp = u64;

/// The bookkeeping of one entry. The fields that a hit needs come last, next to the key and the value.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Header {
    /// The neighbours in the entry's [list](crate::entry::list).
    pub(super) before: AtomicPtr<Header>,
    pub(super) after: AtomicPtr<Header>,
    /// The [rank](Self::rank) of a stored entry; the runner of an entry under way.
    rank: Guarded,
    /// The generation, and [flags](state) in the lowest byte.
    state: Guarded,
    slot: AtomicU32,
    owners: AtomicU32,
    /// The stamp of the last use; before the entry is stored, when its run started.
    pub(crate) stamp: AtomicU64,
    /// The key and the value follow it.
    pub(super) face: Face,
}

/// The part of an entry that a look-up without the lock reads first. The key and the value follow it.
///
/// The table points at faces, because a [compact](crate::store::compact) entry has no header.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct Face {
    /// The hash of the key. The bit [`SEEN`] is set when the entry is published: until then no lock-free
    /// look-up finds an equal hash here.
    hash: AtomicU64,
}

impl Face {
    /// The hash of the key.
    #[inline]
    pub(crate) fn hash(&self) -> u64 {
        self.hash.load(Relaxed) | SEEN
    }

    /// Whether the entry was published under this hash. If so, it has a value. It may have been taken out since.
    #[inline]
    pub(crate) fn is_published(&self, hash: u64) -> bool {
        self.hash.load(Acquire) == hash
    }

    /// Lets lock-free look-ups find the entry.
    pub(crate) fn show(&self) {
        self.hash.store(self.hash(), Release);
    }

    /// From now on no lock-free look-up finds the entry, and the lock decides about it. Readers that have found it may
    /// go on.
    pub(crate) fn hide(&self) {
        self.hash.store(self.hash() & !SEEN, Relaxed);
    }
}

/// The offset of the face in an entry.
pub(super) const FACE_AT: usize = offset_of!(Header, face);

impl Deref for Header {
    type Target = Face;

    #[inline]
    fn deref(&self) -> &Face {
        &self.face
    }
}

/// The stamp of an entry whose run has yet to begin, in a queue that the cache does not know.
const QUEUED: Stamp = u64::MAX - 1;

/// The stamp of such an entry once a call has taken the place of its run.
const OVERTAKEN: Stamp = u64::MAX - 2;

/// The flags in the lowest byte of a state.
mod state {
    /// The value is being computed.
    pub(super) const FLYING: u64 = 1;
    /// Callers of an equal key may wait for the run.
    pub(super) const JOINABLE: u64 = 1 << 1;
    /// The result of the run must not be stored.
    pub(super) const INVALIDATED: u64 = 1 << 2;
    /// The entry is stored.
    pub(super) const STORED: u64 = 1 << 3;
    /// Another entry was filed under the same hash while this one was.
    pub(super) const SHARED_HASH: u64 = 1 << 4;
    /// There is a value.
    pub(super) const VALUED: u64 = 1 << 5;
    /// The eviction policy has noticed a use since the entry was stored.
    pub(super) const PROMOTED: u64 = 1 << 6;
    /// One run is writing the value.
    pub(super) const RESERVED: u64 = 1 << 7;
    pub(super) const BITS: u32 = 8;
}

/// A computation under way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flying {
    pub(crate) owner: Runner,
    /// Whether callers of an equal key wait for this run.
    pub(crate) joinable: bool,
    /// The key was removed, or the cache cleared, after the run began: the result must not be stored.
    pub(crate) invalidated: bool,
}

impl Header {
    pub(crate) fn new(hash: u64) -> Self {
        Self {
            face: Face { hash: AtomicU64::new(hash & !SEEN) },
            stamp: AtomicU64::new(0),
            state: Guarded::new(0),
            rank: Guarded::new(0),
            before: AtomicPtr::default(),
            after: AtomicPtr::default(),
            slot: AtomicU32::new(0),
            owners: AtomicU32::new(1),
        }
    }

    /// Lets lock-free look-ups find an entry that was just stored.
    pub(crate) fn publish(&self, stamp: Stamp) {
        self.stamp.store(stamp, Relaxed);
        self.show();
    }

    fn has(&self, flags: u64) -> bool {
        self.state.load(Relaxed) & flags != 0
    }

    fn change(&self, set: u64, clear: u64) {
        // Any change may be the one in which a reader first sees `VALUED`: it must see the value as well.
        self.state.store(self.state.load(Relaxed) & !clear | set, Release);
    }

    /// A number that no other entry of the cache has or had; 0 before the entry is filed.
    pub(crate) fn generation(&self) -> u64 {
        self.state.load(Relaxed) >> state::BITS
    }

    /// A computation of the value begins.
    pub(crate) fn start(&self, generation: u64, flying: Flying) {
        let Flying { owner, joinable, .. } = flying;
        self.rank.store(owner.id(), Relaxed);
        let joinable = if joinable { state::JOINABLE } else { 0 };
        let valued = self.state.load(Relaxed) & state::VALUED;
        self.state.store(generation << state::BITS | valued | state::FLYING | joinable, Release);
    }

    /// The computation, if it is still under way.
    pub(crate) fn flying(&self) -> Option<Flying> {
        self.is_flying().then(|| Flying {
            owner: Runner::from_id(self.rank.load(Relaxed)),
            joinable: self.has(state::JOINABLE),
            invalidated: self.has(state::INVALIDATED),
        })
    }

    /// Whether the result of the computation, under way or over, must not be stored.
    pub(crate) fn is_invalidated(&self) -> bool {
        self.has(state::INVALIDATED)
    }

    pub(crate) fn is_flying(&self) -> bool {
        self.has(state::FLYING)
    }

    /// Whether the value is being computed and may be stored, and nothing else was filed under the hash.
    #[inline]
    pub(crate) fn is_alone(&self) -> bool {
        const ALONE: u64 = state::FLYING;
        let state = self.state.load(Relaxed);
        state & (ALONE | state::INVALIDATED | state::SHARED_HASH) == ALONE
    }

    /// No caller waits for the computation any longer. Its result may still be stored.
    pub(crate) fn detach_waiters(&self) {
        self.change(0, state::JOINABLE);
    }

    /// The result of the computation must not be stored.
    pub(crate) fn invalidate(&self) {
        if self.is_flying() {
            self.change(state::INVALIDATED, 0);
        }
    }

    /// The computation is over, and its result is stored.
    pub(crate) fn store(&self, rank: Stamp) {
        self.rank.store(rank, Relaxed);
        self.change(state::STORED, state::FLYING);
    }

    pub(crate) fn is_stored(&self) -> bool {
        self.has(state::STORED)
    }

    /// The entry is no longer filed.
    pub(crate) fn unfile(&self) {
        self.change(0, state::FLYING | state::STORED);
    }

    /// Another entry is filed under the same hash.
    pub(crate) fn mark_shared_hash(&self) {
        self.change(state::SHARED_HASH, 0);
    }

    pub(crate) fn has_value(&self) -> bool {
        self.state.load(Acquire) & state::VALUED != 0
    }

    /// The value was written.
    pub(crate) fn mark_valued(&self) {
        self.change(state::VALUED, state::RESERVED);
    }

    /// Lets the caller, and nobody else, write the value without the lock. Under the lock. Returns `false` if there is
    /// a value, or another run writes one.
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

    /// The run that had reserved the entry wrote no value.
    pub(crate) fn unreserve(&self) {
        self.change(0, state::RESERVED);
    }

    /// The run of an entry under way has yet to begin. The field of the stamp says so until the entry is stored.
    pub(crate) fn mark_queued(&self) {
        self.stamp.store(QUEUED, Relaxed);
    }

    /// Another run takes the place of this one, if this one has yet to begin. Returns whether it does.
    pub(crate) fn overtake(&self) -> bool {
        let is_queued = self.stamp.load(Relaxed) == QUEUED;
        if is_queued {
            self.stamp.store(OVERTAKEN, Relaxed);
        }
        is_queued
    }

    /// The run of an entry under way begins, unless another one has taken its place. Returns whether it does.
    pub(crate) fn begin(&self) -> bool {
        let begins = !self.is_overtaken();
        if begins {
            self.stamp.store(0, Relaxed);
        }
        begins
    }

    /// Whether another run has taken the place of this one before it began.
    pub(crate) fn is_overtaken(&self) -> bool {
        self.is_flying() && self.stamp.load(Relaxed) == OVERTAKEN
    }

    /// Notes when the run began. The field of the stamp holds it until the entry is stored.
    pub(crate) fn set_started(&self, started: Started) {
        self.stamp.store(started.word(), Relaxed);
    }

    /// When the run began. The result has no meaning once the flight has landed.
    pub(crate) fn started(&self) -> Started {
        Started::from_word(self.stamp.load(Relaxed))
    }

    /// The stamp that the eviction policy last read. The entry's own stamp may be later by now.
    pub(crate) fn rank(&self) -> Stamp {
        self.rank.load(Relaxed)
    }

    /// The eviction policy has noticed a use.
    pub(crate) fn promote(&self, stamp: Stamp) {
        self.rank.store(stamp, Relaxed);
        self.change(state::PROMOTED, 0);
    }

    pub(crate) fn is_promoted(&self) -> bool {
        self.has(state::PROMOTED)
    }

    /// The position of the entry among the flights, or in the expiry queue once it is stored.
    pub(crate) fn slot(&self) -> u32 {
        self.slot.load(Relaxed)
    }

    pub(crate) fn set_slot(&self, slot: u32) {
        self.slot.store(slot, Relaxed);
    }
}

/// The count of owners. A shared entry is counted by atomic operations, as by an `Arc`; an entry of one thread by
/// plain ones.
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

    /// Takes one owner away. Returns whether it was the last: then the caller frees the entry. Aborts the process if
    /// the entry is still filed: see [`EntryRef`](crate::entry::entry_ref::EntryRef).
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
        // The caller is the only owner: nobody else can add one.
        if owners == 1 {
            return true;
        }
        // Each release acquires. A fence for the last one would do, but the thread sanitizer knows no fences.
        self.owners.fetch_sub(1, AcqRel) == 1
    }
}

/// The bookkeeping of a cache contradicts itself: to go on would be undefined behaviour.
#[cold]
#[inline(never)]
pub(crate) fn corrupted(what: &str) -> ! {
    use std::io::Write;
    // Tests capture `eprintln`, and the process ends before they would show it.
    let _ = writeln!(
        std::io::stderr(),
        "memofn: a cache is corrupted: {what}. This is a bug in memofn; the process ends here."
    );
    std::process::abort()
}

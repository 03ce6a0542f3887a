//! The lock of a cache and all that happens under it, compiled once for all keys and values.
//!
//! A core sees the headers of entries, and neither keys nor values. It compares keys through a closure,
//! drops entries through a function that knows their types, and has values filled in by their owner.
//!
//! This file has what all parts share. [`lock`] takes the lock and compares keys without it. Under the lock, a call looks up and
//! starts its run ([`calls`]), and the run ends with a value ([`landing`]) or without one ([`ends`]). [`taken_out`] passes on what
//! leaves the store. [`expiry`] is what look-ups without the lock know of deadlines.

mod calls;
mod ends;
pub(crate) mod expiry;
mod landing;
mod lock;
mod removal;
mod rules;
mod taken_out;
mod whole_cache;

pub(crate) use rules::Rule;

use crate::base::clock::Time;
use crate::base::small_list::SmallList;
use crate::base::stopwatch::{Ran, Timing};
use crate::base::sync::Ordering::{Relaxed, Release as Published};
use crate::base::sync::{Arc, AtomicPtr, AtomicU64};
use crate::config::parameters::CacheParameters;
use crate::engine::core::expiry::{Expiry, OnHit};
use crate::engine::listener::Listener;
use crate::engine::lives::Lives;
use crate::engine::state::{Aged, State};
use crate::entry::compact::CompactCount;
use crate::entry::entry::{Stored, UnstoredEntry};
use crate::entry::entry_ref::{EntryRef, FaceRef};
use crate::entry::entry_type::EntryType;
use crate::entry::last_use::IdleLife;
use crate::flight::flight::FlightId;
use crate::flight::patience::{FIRST_TIMED, Patience};
use crate::flight::wait::Wait;
use crate::key::tags::Tags;
use crate::scope::hazard;
use crate::scope::readers::Readers;
use crate::scope::runners::Runner;
use crate::scope::scope::{Lock, Scope};
use crate::store::freshness::Life;
use crate::store::retired::RetireList;
use crate::store::store::Limits;
use crate::store::table::Table;
use std::cell::Cell;
// Written under the lock: the models need not explore it.
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64 as Guarded};
use std::time::Duration;

/// Acts under the lock, once it is known which entries have the key.
type Act<'a> = dyn FnMut(&mut State, Time, &mut SmallList<EntryRef>) + 'a;

/// An entry to compute.
#[derive(Clone, Copy)]
pub(crate) struct NewEntry<'a> {
    pub(crate) entry: EntryRef,
    /// The runner of its run, if that is async and others may wait for it.
    pub(crate) runner: Option<Runner>,
    /// Its tags. They are taken when it is filed.
    pub(crate) tags: &'a NewTags,
}

/// The tags of an entry that is not filed yet.
pub(crate) type NewTags = Cell<Tags>;

impl<'a> NewEntry<'a> {
    #[inline]
    pub(crate) fn new<S: Scope>(
        entry: &UnstoredEntry<S>,
        tags: &'a NewTags,
        runner: Option<Runner>,
    ) -> Self {
        Self { entry: entry.entry_ref(), runner, tags }
    }
}

/// Whether an entry has the key looked for.
pub(crate) type Equals<'a> = dyn Fn(FaceRef) -> bool + 'a;

/// An entry whose run has ended with a value.
pub(crate) struct Computed<'a> {
    pub(crate) entry: EntryRef,
    /// The store sets it, under the lock, when it stores the value.
    pub(crate) stored: &'a Cell<Stored>,
    /// Whether an entry has the same key.
    pub(crate) equals: &'a Equals<'a>,
    pub(crate) run: &'a EndedRun<'a>,
}

/// A run that has ended with a value.
#[derive(Debug)]
pub(crate) struct EndedRun<'a> {
    /// The life of the entry, where lives differ.
    pub(crate) life: Option<&'a Life>,
    /// Whether it renews a stored value.
    pub(crate) renews: bool,
    /// How long the body ran, if that was measured.
    pub(crate) ran: Ran,
}

/// Entries that were evicted, and that nobody reads. The receiver owns them, and may reuse their memory.
pub(crate) enum Unread {
    None,
    One(EntryRef),
    Many(Vec<EntryRef>),
}

/// The lock of a cache and what it guards, with what look-ups read without it.
pub(crate) struct Core<S: Scope> {
    pub(crate) expiry: Expiry,
    pub(crate) on_hit: OnHit,
    /// How long entries live that are not used, if that life ends.
    idle: Option<IdleLife>,
    /// Counts the lists of compact entries, if the store is [compact](crate::store::compact) until something needs the headers of
    /// its entries.
    compact_count: Option<CompactCount>,
    /// Whether it is compact now. Written under the lock.
    is_compact: AtomicBool,
    single_flight: bool,
    /// How long after a run has failed that was to renew an entry the next one may begin, if there are such runs.
    retry_after: Option<Duration>,
    /// Calls renew old values.
    refreshes: bool,
    /// Old values answer calls that fail.
    keeps: bool,
    /// Calls bypass this cache, or are checked. Written under the lock.
    rules: AtomicU8,
    /// The table of the store. It is null while look-ups are to take the lock.
    pub(crate) table: AtomicPtr<Table>,
    /// The stamps of hits are of this epoch. A new one begins whenever something is stored.
    pub(crate) epoch: AtomicU64,
    pub(crate) readers: S::Readers,
    state: CacheLine<S::Lock<State>>,
    retired: RetireList<S>,
    /// The runs up to this generation are timed: the first ones since the counters were zeroed.
    timed: Guarded,
    listener: Option<Listener>,
}

/// A cache line of its own: writers write it, and hits need not fetch it again.
#[repr(align(64))]
struct CacheLine<T>(T);

/// The result of a look-up under the lock. `P` is an owner of an entry.
pub(crate) enum Found<P> {
    Hit(P),
    /// Another run computes it. The wait has this patience.
    Join(P, FlightId, Arc<Wait>, Duration),
    /// The calling thread computes it already, further up its stack.
    Reentry(P, FlightId),
    /// The flight of the fresh entry has started: run the body. If that fails, the old value answers.
    Lead(FlightId, Option<P>),
    /// Nothing, and there was no fresh entry.
    Absent,
    /// A [compact](crate::store::compact) entry has the hash. A look-up without the lock can tell more.
    Compact,
    /// The value is due for a refresh. The call has yet to [renew](Core::renew) it.
    Due(P, Aged),
    /// A value whose time to live has ended answers: another call has just failed. It is counted.
    Stale(P, Aged),
}

/// The runner of a body that renews a stored value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Renewer {
    /// The call that finds the value due.
    Caller,
    /// Another thread or task. The call is answered with the old value.
    Background,
}

/// The stored value that a run has not renewed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum OldValue {
    /// It is no longer stored.
    Gone,
    /// It stays.
    Stays,
    /// It stays, and answers in place of an error.
    Answers(Aged),
}

/// The end of a run that has not renewed a stored value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotRenewed {
    /// It has failed with an error. The old value stays, and is tried again later.
    Err,
    /// It has panicked, or was dropped. The old value stays as well.
    Abandoned,
    /// Its result is not to be stored. The old value goes: it is not what the body says now.
    Refused,
}

impl<P> Found<P> {
    pub(crate) fn map<Q>(self, of: impl FnOnce(P) -> Q) -> Found<Q> {
        match self {
            Self::Hit(entry) => Found::Hit(of(entry)),
            Self::Join(entry, id, wait, patience) => Found::Join(of(entry), id, wait, patience),
            Self::Reentry(entry, id) => Found::Reentry(of(entry), id),
            Self::Lead(id, old) => Found::Lead(id, old.map(of)),
            Self::Absent => Found::Absent,
            Self::Compact => Found::Compact,
            Self::Due(entry, aged) => Found::Due(of(entry), aged),
            Self::Stale(entry, aged) => Found::Stale(of(entry), aged),
        }
    }
}

impl<S: Scope> Core<S> {
    /// For entries of this type, whose keys and values may be known to be `Copy`. The listener, if there is one, is for them.
    pub(crate) fn new(
        parameters: &CacheParameters,
        lives: &Lives,
        listener: Option<Listener>,
        (types, are_copy): (&'static EntryType, bool),
        has_below: bool,
    ) -> Self {
        #[expect(unsafe_code, reason = "a core has no types")]
        // SAFETY: the entries of this core are of this type. The idle life of an entry begins when it is stored, before it is
        // published. The core asks about entries that are stored, or were.
        let idle = unsafe { lives.idle(types) };
        let limits = Limits { maxsize: parameters.maxsize, lives: lives.kind(idle) };
        let expiry = Expiry::new(lives.shortest(), idle.is_some());
        let mut state = State::new(limits, parameters.patience);
        let is_simple = limits.maxsize.is_none() && !expiry.is_on() && listener.is_none();
        // A thread may read an entry while another one copies its bytes.
        let may_be_compact = is_simple && !has_below && (!S::SHARED || are_copy);
        let compact_count = may_be_compact.then(CompactCount::default);
        if let Some(count) = &compact_count {
            state.store.make_compact(types, count, S::SHARED);
        }
        let touch = state.store.touch();
        Self {
            on_hit: OnHit::new(touch, expiry.is_on(), idle.is_some()),
            expiry,
            idle,
            compact_count,
            is_compact: AtomicBool::new(state.store.is_compact()),
            single_flight: parameters.single_flight,
            retry_after: lives.retry_after(),
            refreshes: lives.refresh(),
            keeps: lives.keeps(),
            rules: AtomicU8::new(if has_below { Self::BELOW } else { 0 }),
            table: AtomicPtr::default(),
            epoch: AtomicU64::new(0),
            readers: S::Readers::new(),
            state: CacheLine(S::Lock::new(state)),
            retired: RetireList::new(types),
            timed: Guarded::new(FIRST_TIMED),
            listener,
        }
    }
}

/// Times of runs and entries.
impl<S: Scope> Core<S> {
    /// Whether entries expire.
    pub(crate) fn expires(&self) -> bool {
        self.expiry.is_on()
    }

    /// The clock for the run of this generation. It `is_measured` for those who may wait for it.
    #[inline]
    pub(crate) fn timing(&self, generation: u64, is_measured: bool) -> Timing {
        Patience::timing(generation, self.timed.load(Relaxed), is_measured)
    }
}

/// The last uses of entries, in a cache with a time to idle.
impl<S: Scope> Core<S> {
    /// Notes the use of an entry that a look-up without the lock has found under this hash. Returns `false` if the look-up
    /// under the lock has to decide, because something is due.
    ///
    /// The clock is read after the look-up, and so the entry's own moment may have come before. Then the lock was taken to
    /// hide the entry or to take it out, and the next deadline was published after that. Either the deadline that is read
    /// here is an older one, and has passed. Or the entry shows that it was hidden or taken out.
    pub(crate) fn note_time(&self, entry: EntryRef, hash: u64) -> bool {
        let now = self.expiry.now();
        !self.expiry.is_due_at(now)
            && entry.is_stored()
            && entry.is_published(hash)
            && self.note_use(entry, now)
    }

    /// Notes the use of an entry that is stored, or was, unless it was idle for too long. Returns whether it was not.
    fn note_use(&self, entry: EntryRef, now: Time) -> bool {
        self.idle.is_none_or(|idle| idle.extend::<S>(entry, now))
    }
}

/// Stamps.
impl<S: Scope> Core<S> {
    /// A stamp later than all others. Under the lock.
    fn next_stamp(&self) -> u64 {
        let epoch = self.epoch.load(Relaxed) + 1;
        self.epoch.store(epoch, Published);
        epoch + self.readers.hits_alone()
    }

    /// Registers the calling thread with the readers. Under the lock.
    ///
    /// The stamp of a thread that is alone is the epoch plus the number of its hits. When a second thread comes,
    /// the epoch skips to a number later than all those stamps. It skips only after the first thread can see that
    /// it is not alone: a hit reads the epoch first, and then whether its thread is alone. So a hit that reads the
    /// skipped epoch stamps with the epoch alone. A thread can be in the middle of `DEPTH` hits, which it has yet to
    /// count: the skip is larger by these.
    fn register_thread(&self) {
        if let Some(ticks) = self.readers.register_thread() {
            let skipped = ticks + hazard::DEPTH as u64 + 1;
            self.epoch.store(self.epoch.load(Relaxed) + skipped, Published);
        }
    }
}

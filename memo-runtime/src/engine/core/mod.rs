//! The lock of a cache and all that happens under it, compiled once for all keys and values.
//!
//! A core sees the headers of entries, and neither keys nor values. It compares keys through a closure,
//! drops entries through a function that knows their types, and has values filled in by their owner.
//!
//! This file takes the lock, compares keys without it, and passes on what was taken out. [`calls`] and
//! [`ends`] say what is done under the lock; [`expiry`] is what look-ups without the lock know of deadlines.

mod calls;
mod ends;
pub(crate) mod expiry;

use crate::base::catch_panic::FirstPanic;
use crate::base::clock::Time;
use crate::base::small_list::SmallList;
use crate::base::stopwatch::{Ran, Timing};
use crate::base::sync::{
    Arc, AtomicPtr, AtomicU64,
    Ordering::{Relaxed, Release as Published},
};
use crate::config::parameters::CacheParameters;
use crate::engine::core::expiry::{Expiry, OnHit};
use crate::engine::detour;
use crate::engine::listener::Listener;
use crate::engine::lives::Lives;
use crate::engine::state::{Aged, KeyMatches, State};
use crate::engine::switch;
use crate::entry::entry::{EntryPtr, UnstoredEntry};
use crate::entry::entry_ref::EntryRef;
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
use crate::store::store::{Limits, TakenOut};
use crate::store::table::Table;
use std::cell::Cell;
use std::ptr::null_mut;
// Written under the lock: the models need not explore it.
use std::sync::atomic::{AtomicU8, AtomicU64 as Guarded};
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
pub(crate) type Equals<'a> = dyn Fn(EntryRef) -> bool + 'a;

/// An entry whose run has ended with a value.
pub(crate) struct Computed<'a> {
    pub(crate) entry: EntryRef,
    /// The store sets it, under the lock, when it owns the entry.
    pub(crate) taken: &'a Cell<bool>,
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
#[expect(clippy::struct_excessive_bools, reason = "each is an option, and read where it matters")]
pub(crate) struct Core<S: Scope> {
    pub(crate) expiry: Expiry,
    pub(crate) on_hit: OnHit,
    /// How long entries live that are not used, if that life ends.
    idle: Option<IdleLife>,
    /// The store is [compact](crate::store::compact) until something needs the headers of its entries.
    may_be_compact: bool,
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

/// How a call uses the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// It looks the result up.
    Usual,
    /// It runs the body and leaves the cache alone.
    Bypass,
    /// It looks the result up, and may run the body as well.
    Check,
    /// It looks the result up, here and below.
    Below,
}

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
            Self::Due(entry, aged) => Found::Due(of(entry), aged),
            Self::Stale(entry, aged) => Found::Stale(of(entry), aged),
        }
    }
}

impl<S: Scope> Core<S> {
    /// For entries of this type. The listener, if there is one, is for them.
    pub(crate) fn new(
        parameters: &CacheParameters,
        lives: &Lives,
        listener: Option<Listener>,
        types: &'static EntryType,
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
        let may_be_compact = !S::SHARED && is_simple && !has_below;
        if may_be_compact {
            state.store.make_compact(types);
        }
        let touch = state.store.touch();
        Self {
            on_hit: OnHit::new(touch, expiry.is_on(), idle.is_some()),
            expiry,
            idle,
            may_be_compact,
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

    /// Acts under the lock once it is known which entries filed under `hash` have the key.
    ///
    /// `equals` is user code, and runs without the lock: all entries of the hash get one more owner, their keys
    /// are compared, and the lock is taken again. If an entry was filed meanwhile, that is compared too. The entry
    /// of the `own` flight has the key.
    fn resolve_keys(
        &self,
        hash: u64,
        equals: &Equals<'_>,
        own: Option<FlightId>,
        act: &mut Act<'_>,
    ) {
        self.resolve_keys_at(self.sweep_some(), hash, equals, own, act);
    }

    /// [`resolve_keys`](Self::resolve_keys) after a sweep at this time.
    fn resolve_keys_at(
        &self,
        now: Time,
        hash: u64,
        equals: &Equals<'_>,
        own: Option<FlightId>,
        act: &mut Act<'_>,
    ) {
        let mut matches = KeyMatches::with(own.map(|id| id.generation));
        loop {
            let (mut unmatched, mut generations) = (SmallList::new(), 0);
            self.locked(|state| {
                let mut equal = SmallList::new();
                state.split_by_key(hash, &matches, &mut equal, |entry| {
                    unmatched.push(self.retain(entry));
                });
                generations = state.generations();
                if unmatched.is_empty() {
                    act(state, now, &mut equal);
                }
            });
            if unmatched.is_empty() {
                return;
            }
            for owner in unmatched {
                matches.push(owner.generation(), equals(owner.entry_ref()));
            }
            matches.until(generations);
        }
    }

    /// All entries that are filed under a hash.
    pub(crate) fn of_hash(&self, hash: u64) -> Vec<EntryPtr<S>> {
        let mut entries = Vec::new();
        self.locked(|state| {
            state.split_by_key(hash, &KeyMatches::with(None), &mut SmallList::new(), |entry| {
                entries.push(self.retain(entry));
            });
        });
        entries
    }

    /// One more owner of a filed entry.
    fn retain(&self, entry: EntryRef) -> EntryPtr<S> {
        entry.retain::<S>();
        self.retired.adopt(entry)
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

/// The rules in force for the calls of this cache.
impl<S: Scope> Core<S> {
    const OFF: u8 = 1;
    const CHECKED: u8 = 2;
    /// Something stands below this cache. It never changes.
    const BELOW: u8 = 4;
    /// All look-ups take the lock.
    const LOCKED: u8 = 8;

    fn set_rule(&self, rule: u8, is_in_force: bool) {
        self.locked(|_| self.put_rule(rule, is_in_force));
    }

    /// [`set_rule`](Self::set_rule), under the lock.
    fn put_rule(&self, rule: u8, is_in_force: bool) {
        let others = self.rules.load(Relaxed) & !rule;
        self.rules.store(if is_in_force { others | rule } else { others }, Relaxed);
        // If look-ups may see the table after this, it is shown again.
        self.table.store(null_mut(), Relaxed);
    }

    /// Has calls that start from now on use this cache or bypass it.
    pub(crate) fn enable(&self, enabled: bool) {
        self.set_rule(Self::OFF, !enabled);
    }

    /// Has hits that start from now on be [checked](crate::engine::purity), or no longer.
    pub(crate) fn set_checked(&self, is_checked: bool) {
        self.set_rule(Self::CHECKED, is_checked);
    }

    /// Whether calls bypass this cache: it is off, or all are.
    pub(crate) fn is_off(&self) -> bool {
        self.rules.load(Relaxed) & Self::OFF != 0 || switch::is_off()
    }

    /// The rule for a call that starts now. One that bypasses the cache is counted.
    #[inline]
    pub(crate) fn rule(&self) -> Rule {
        if self.rules.load(Relaxed) == 0 && !switch::is_off() {
            return Rule::Usual;
        }
        self.other_rule()
    }

    #[cold]
    #[inline(never)]
    fn other_rule(&self) -> Rule {
        if self.is_off() {
            self.count_bypassed(1);
            return Rule::Bypass;
        }
        match self.rules.load(Relaxed) {
            rules if rules & Self::CHECKED != 0 => Rule::Check,
            rules if rules & Self::BELOW != 0 => Rule::Below,
            _ => Rule::Usual,
        }
    }

    pub(crate) fn count_bypassed(&self, calls: u64) {
        self.locked_as_is(|state| state.counts.bypassed += calls);
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

/// Entries and tables that were taken out.
impl<S: Scope> Core<S> {
    /// Drops entries that were taken out, now or when nobody reads them any longer. Nothing is locked.
    ///
    /// Each entry that leaves the table comes here, since a reader may have found it there. That includes an
    /// entry that was never stored: its run owns it, and may drop it at any time, and so it is given one more
    /// owner, which comes here.
    #[inline]
    fn discard(&self, dead: impl IntoIterator<Item = EntryPtr<S>>) {
        self.retired.discard(dead.into_iter(), self.address(), &self.readers);
    }

    /// Tells the listener what has left the store, and drops it. Nothing is locked, and the listener may use the
    /// cache.
    #[cold]
    fn release(&self, taken: SmallList<TakenOut>) {
        self.tell(taken.iter().copied()).resume_after(|| {
            self.discard(self.adopt(taken.into_iter().map(|(entry, _)| entry)));
        });
    }

    pub(crate) fn listener(&self) -> Option<Listener> {
        self.listener.clone()
    }

    /// Tells the listener what has left the store. The caller owns it.
    #[inline]
    fn tell(&self, taken: impl Iterator<Item = TakenOut>) -> FirstPanic {
        match &self.listener {
            Some(listener) => listener.tell(taken),
            None => FirstPanic::none(),
        }
    }

    /// Owns entries that the store no longer owns. All of them have an owner before the first is dropped, because
    /// that may panic.
    fn adopt(&self, taken: impl IntoIterator<Item = EntryRef>) -> SmallList<EntryPtr<S>> {
        taken.into_iter().map(|entry| self.retired.adopt(entry)).collect()
    }

    #[cold]
    fn discard_replaced(&self) {
        let replaced = self.state.0.with(|state| state.store.take_replaced());
        self.retired.discard_replaced(replaced, self.address(), &self.readers);
    }

    /// Drops what was taken out before and is no longer read.
    #[cold]
    pub(crate) fn reclaim(&self) {
        self.retired.reclaim(self.address(), &self.readers);
    }

    /// Tells this cache from all others, to the readers.
    #[inline]
    pub(crate) fn address(&self) -> usize {
        (&raw const self.table).addr()
    }
}

/// The lock.
impl<S: Scope> Core<S> {
    /// Does something under the lock that changes nothing of the state.
    pub(crate) fn with_lock<R>(&self, act: impl FnOnce() -> R) -> R {
        self.state.0.with(|_| act())
    }

    /// The generations of all computations so far are up to this.
    pub(crate) fn generations(&self) -> u64 {
        self.state.0.with(|state| state.generations())
    }

    /// Whether the store is [compact](crate::store::compact).
    #[inline]
    pub(crate) fn is_compact(&self) -> bool {
        !S::SHARED && self.state.0.with(|state| state.store.is_compact())
    }

    /// How many runs are under way.
    pub(crate) fn flights_under_way(&self) -> usize {
        self.state.0.with(|state| state.store.flying())
    }

    /// Drops all entries. Nobody uses the cache any longer. The end of a cache is no eviction: the listener is not told.
    pub(crate) fn close(&mut self) {
        let (stored, gathered) =
            self.state.0.with(|state| (state.store.clear(), std::mem::take(&mut state.gathered)));
        let dead = stored.map(|(entry, _)| entry).chain(gathered);
        drop(dead.map(|entry| self.retired.adopt(entry)).collect::<Vec<_>>());
    }

    /// Reads the state once all that has expired is taken out. This is for questions about the whole cache: a call
    /// takes out a few entries and no more.
    ///
    /// Nothing is dropped after `read`, so that a `Drop` that panics loses no result.
    fn sweep_then_read(&self, read: impl FnOnce(&State, Time)) {
        let now = self.sweep_all();
        self.locked(|state| read(state, now));
    }

    /// Takes out all that has expired, and tells the time.
    fn sweep_all(&self) -> Time {
        let now = self.expiry.now();
        while self.expiry.is_due_at(now) {
            self.remove_some_expired(now);
        }
        now
    }

    /// Takes out some of what has expired, and tells the time.
    #[inline]
    fn sweep_some(&self) -> Time {
        let now = self.expiry.now();
        if self.expiry.is_due_at(now) {
            self.remove_some_expired(now);
        }
        now
    }

    /// [`sweep_some`](Self::sweep_some) for a caller that is about to store. A panic does not keep it from that.
    #[inline]
    fn sweep_before_storing(&self) -> (Time, FirstPanic) {
        let (now, mut panic) = (self.expiry.now(), FirstPanic::none());
        if self.expiry.is_due_at(now) {
            panic.catch(|| self.remove_some_expired(now));
        }
        (now, panic)
    }

    /// A call comes here at most four times, and so takes out at most 64 entries. It does not pay for all that others
    /// have stored.
    #[cold]
    fn remove_some_expired(&self, now: Time) {
        const MOST: usize = 16;
        let expired = self.locked(|state| state.expire(now, MOST));
        self.release(expired);
    }

    /// [`locked_as_is`](Self::locked_as_is), where every entry has a header.
    #[inline]
    fn locked<R>(&self, act: impl FnOnce(&mut State) -> R) -> R {
        self.locked_as_is(|state| {
            if !S::SHARED && state.store.is_compact() {
                state.expand(|| self.next_stamp());
            }
            act(state)
        })
    }

    /// Acts on the state, and publishes what has changed to the look-ups that take no lock. The store may be
    /// [compact](crate::store::compact).
    #[inline]
    fn locked_as_is<R>(&self, act: impl FnOnce(&mut State) -> R) -> R {
        let (done, changed) = self.state.0.with(|state| {
            let done = act(state);
            #[cfg(debug_assertions)]
            state.check();
            if self.expiry.is_on() {
                self.expiry.set_next(state.store.next_deadline());
            }
            // Look-ups see this table, or none.
            let changed = self.table.load(Relaxed) != state.store.table();
            if changed {
                self.show_table(state);
            }
            (done, changed)
        });
        if changed {
            self.discard_replaced();
        }
        done
    }

    /// Shows look-ups the table of the store, unless they are to find none.
    #[cold]
    fn show_table(&self, state: &State) {
        let is_hidden = self.rules.load(Relaxed) & !Self::BELOW != 0;
        let table = if is_hidden { null_mut() } else { state.store.table() };
        if S::SHARED {
            self.table.store(table, Published);
        } else {
            detour::show(&self.table, table);
        }
    }
}

//! The state that the lock of a cache guards, and the results of comparing keys without the lock.

use crate::base::clock::Time;
use crate::base::small_list::SmallList;
use crate::base::stopwatch::Ran;
use crate::base::sync::{Arc, Ordering::Relaxed};
use crate::config::stats::CacheInfo;
use crate::engine::core::NewEntry;
use crate::engine::waits::Waits;
use crate::entry::entry_ref::EntryRef;
use crate::entry::header::Flying;
use crate::flight::flight::{Flight, FlightId};
use crate::flight::patience::Patience;
use crate::flight::wait::{Landing, Wait};
use crate::scope::runners::Runner;
use crate::store::cause::EvictionCause;
use crate::store::freshness::{Life, Stage};
use crate::store::store::{Limits, Store, TakenOut};
use std::time::Duration;

/// The state that the lock of a cache guards.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) store: Store,
    /// Where callers wait for a run, by the run's generation.
    waits: Waits,
    /// Without the hits that took no lock, `maxsize` and `currsize`: these are filled in when asked for.
    pub(crate) counts: CacheInfo,
    /// The hits without the lock from before the counters were zeroed.
    pub(crate) hits_forgotten: u64,
    /// The counts from before the counters were last zeroed, without the hits that took no lock.
    #[cfg(feature = "metrics")]
    pub(crate) zeroed: CacheInfo,
    pub(crate) patience: Patience,
    /// Entries that were evicted, and that readers may still use: less than a batch. They are owned.
    pub(crate) gathered: Vec<EntryRef>,
    /// The last generation that was given to an entry.
    generations: u64,
    /// How many changes there are until the next [`check`](Self::check).
    #[cfg(debug_assertions)]
    unchecked: usize,
}

/// The age of a stored entry.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Aged {
    /// The time since it was stored, if that is known.
    pub(crate) age: Option<Duration>,
    pub(crate) standing: Standing,
}

/// How good a stored value still is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Fresh,
    /// It is due for a refresh, and a run renews it.
    Renewed,
    /// Its time to live has ended, and a run has failed.
    Stale,
}

/// A run that has ended with a value.
pub(crate) struct Landed {
    pub(crate) flight: Flight,
    /// Its value is stored.
    pub(crate) stored: bool,
    /// The stamp of the last use of the key.
    pub(crate) stamp: u64,
    /// Where others wait for another run of the key, which is still under way.
    pub(crate) overtaken: Option<Arc<Wait>>,
    /// The entries that it replaced or evicted. The caller owns them, and drops them outside the lock.
    pub(crate) dead: SmallList<TakenOut>,
    /// One more owner of its entry, if the entry is not stored.
    pub(crate) unstored: Option<EntryRef>,
}

impl State {
    pub(crate) fn new(limits: Limits, patience: Option<Duration>) -> Self {
        Self {
            store: Store::new(limits),
            waits: Waits::new(),
            counts: CacheInfo::default(),
            hits_forgotten: 0,
            #[cfg(feature = "metrics")]
            zeroed: CacheInfo::default(),
            patience: Patience::new(patience),
            gathered: Vec::new(),
            generations: 0,
            #[cfg(debug_assertions)]
            unchecked: 0,
        }
    }

    /// Checks that the lists agree with the table. The time this takes grows with the entries, and so it is done less
    /// often the more there are.
    #[cfg(debug_assertions)]
    pub(crate) fn check(&mut self) {
        if let Some(left) = self.unchecked.checked_sub(1) {
            self.unchecked = left;
        } else {
            self.store.check();
            self.unchecked = self.store.filed_len();
        }
    }

    /// No entry has a later generation.
    pub(crate) fn generations(&self) -> u64 {
        self.generations
    }

    /// Sorts the entries filed under `hash`: into those with an equal key, and those to compare.
    pub(crate) fn split_by_key(
        &self,
        hash: u64,
        matches: &KeyMatches,
        equal: &mut SmallList<EntryRef>,
        mut unmatched: impl FnMut(EntryRef),
    ) {
        self.store.filed(hash, |entry| {
            let generation = entry.generation();
            if matches.is_new(generation) {
                unmatched(entry);
            } else if matches.is_equal(generation) {
                equal.push(entry);
            }
        });
    }

    /// The stored one of equal entries, expired or not.
    fn stored(equal: &SmallList<EntryRef>) -> Option<EntryRef> {
        equal.iter().copied().find(|entry| entry.is_stored())
    }

    /// The stored one of equal entries, if it answers.
    pub(crate) fn stored_unexpired(
        &self,
        equal: &SmallList<EntryRef>,
        now: Time,
    ) -> Option<EntryRef> {
        Self::stored(equal).filter(|entry| self.store.stage(*entry, now).answers())
    }

    /// Whether a call has yet to start the refresh of an entry that is stored and has not expired. It has not if a run of the
    /// key is under way.
    pub(crate) fn awaits_refresh(
        &self,
        entry: EntryRef,
        equal: &SmallList<EntryRef>,
        now: Time,
    ) -> bool {
        self.store.stage(entry, now) == Stage::Due && Self::joinable(equal).is_none()
    }

    /// The stored one of equal entries, if it is kept for calls that fail. Says whether a call may run the body.
    pub(crate) fn kept(&self, equal: &SmallList<EntryRef>, now: Time) -> Option<(EntryRef, bool)> {
        let entry = Self::stored(equal)?;
        match self.store.stage(entry, now) {
            Stage::Kept { may_run } => Some((entry, may_run)),
            _ => None,
        }
    }

    /// Whether a run of the key of these entries is under way whose value may be stored.
    pub(crate) fn is_renewed(equal: &SmallList<EntryRef>) -> bool {
        equal.iter().any(|it| it.is_flying() && !it.is_invalidated())
    }

    /// The age of an entry that is stored.
    pub(crate) fn aged(&self, entry: EntryRef, now: Time, standing: Standing) -> Aged {
        Aged { age: self.store.stored_at(entry).map(|at| now.since(at)), standing }
    }

    /// The flight, among equal entries, that others may join.
    pub(crate) fn joinable(equal: &SmallList<EntryRef>) -> Option<(FlightId, Runner)> {
        equal.iter().find_map(|entry| {
            let flying = entry.flying().filter(|it| it.joinable && !it.invalidated)?;
            Some((FlightId { entry: *entry, generation: entry.generation() }, flying.owner))
        })
    }

    /// Where to wait for a flight, and the patience of the caller.
    pub(crate) fn wait(&mut self, id: FlightId, owner: Runner) -> (Arc<Wait>, Duration) {
        let wait = self.waits.get_or_file(id.generation, || Arc::new(Wait::new(owner)));
        wait.join();
        (Arc::clone(wait), self.patience.limit(Runner::is_inside_run()))
    }

    /// Files where callers may wait for a flight, unless one was filed before. Returns the one that is filed, or this one if
    /// no caller may join the flight.
    pub(crate) fn file_wait(&mut self, id: FlightId, wait: &Arc<Wait>) -> Arc<Wait> {
        let flying = id.entry.flying().filter(|it| it.joinable);
        if flying.is_none() || id.entry.generation() != id.generation {
            return Arc::clone(wait);
        }
        Arc::clone(self.waits.get_or_file(id.generation, || Arc::clone(wait)))
    }

    /// Where a flight is waited for.
    pub(crate) fn awaited(&self, id: FlightId) -> Option<&Wait> {
        self.waits.get(id.generation).map(|wait| &**wait)
    }

    /// Detaches the waiters of a flight, which stays under way and may be stored. Returns where they wait.
    pub(crate) fn detach_waiters(&mut self, id: FlightId) -> Option<Arc<Wait>> {
        id.entry.detach_waiters();
        self.waits.remove(id.generation)
    }

    /// Keeps the flights of equal entries from being stored.
    pub(crate) fn invalidate(equal: &SmallList<EntryRef>) {
        equal.iter().for_each(|entry| entry.invalidate());
    }

    /// Gives every entry a header, if they have none: see [`Store::expand`]. `next_stamp` gives stamps later than all before.
    #[cold]
    pub(crate) fn expand(&mut self, mut next_stamp: impl FnMut() -> u64) {
        let generations = &mut self.generations;
        self.store.expand(|| {
            *generations += 1;
            (*generations, next_stamp())
        });
    }

    /// Starts a flight where nothing else is filed under the hash. Its owner is the calling thread, or the async
    /// `runner`.
    pub(crate) fn start(
        &mut self,
        NewEntry { entry, runner, tags }: NewEntry<'_>,
        joinable: bool,
    ) -> FlightId {
        self.generations += 1;
        let generation = self.generations;
        let owner = runner.unwrap_or_else(Runner::current_thread);
        let flying = Flying { owner, joinable, invalidated: false };
        self.store.start(entry, generation, flying);
        let tags = tags.take();
        if !tags.is_empty() {
            self.store.tag(entry, tags);
        }
        FlightId { entry, generation }
    }

    /// [`start`](Self::start) where other entries may have the hash.
    pub(crate) fn start_among(&mut self, fresh: NewEntry<'_>, joinable: bool) -> FlightId {
        let mut is_crowded = false;
        self.store.filed(fresh.entry.hash(), |other| {
            other.mark_shared_hash();
            is_crowded = true;
        });
        let id = self.start(fresh, joinable);
        if is_crowded {
            fresh.entry.mark_shared_hash();
        }
        id
    }

    /// Ends a flight, if it is under way.
    fn end_flight(&mut self, entry: EntryRef) -> Option<Flight> {
        let invalidated = entry.flying()?.invalidated;
        let wait = self.waits.remove(entry.generation());
        Some(Flight { wait, invalidated, landing: Landing::Abandoned })
    }

    /// Ends a flight without storing anything, if it is under way. The caller drops it without the lock.
    pub(crate) fn end(&mut self, entry: EntryRef) -> Option<Flight> {
        let flight = self.end_flight(entry)?;
        self.store.abandon(entry);
        Some(flight)
    }

    /// Whether a flight ends in the common way: its value may be stored, nobody waits for it, and nothing else was
    /// filed under its hash.
    #[inline]
    pub(crate) fn lands_alone(&self, entry: EntryRef, life: Option<&Life>) -> bool {
        let is_awaited = self.waits.get(entry.generation()).is_some_and(|wait| wait.is_awaited());
        entry.is_alone()
            && !is_awaited
            && !self.store.refuses()
            && !life.is_some_and(Life::is_empty)
    }

    /// Stores the value of such a flight. The store owns the entry then. `out` receives what was taken out.
    #[inline]
    pub(crate) fn land_alone(
        &mut self,
        entry: EntryRef,
        now: Time,
        life: Option<&Life>,
        stamp: u64,
        out: &mut SmallList<TakenOut>,
    ) {
        if !self.waits.is_empty() {
            self.forget_wait(entry.generation());
        }
        self.store.store(entry, now, life, stamp, out);
        out.for_each(|(_, cause)| self.count(*cause));
    }

    /// Forgets where nobody waits. The run is over, so nothing of the user's is dropped with its wait.
    #[cold]
    #[inline(never)]
    fn forget_wait(&mut self, generation: u64) {
        drop(self.waits.remove(generation));
    }

    /// Gathers what was evicted, and leaves the list empty. Returns a batch of so many entries, if there are as many.
    #[inline]
    pub(crate) fn gather(
        &mut self,
        evicted: &mut SmallList<TakenOut>,
        batch: usize,
    ) -> Vec<EntryRef> {
        let evicted = std::mem::replace(evicted, SmallList::new());
        evicted.for_each(|(entry, _)| self.gathered.push(*entry));
        if self.gathered.len() < batch {
            return Vec::new();
        }
        std::mem::replace(&mut self.gathered, Vec::with_capacity(batch))
    }

    /// Moves the limit of the store towards `maxsize`: see [`Store::set_maxsize`].
    pub(crate) fn set_maxsize(
        &mut self,
        maxsize: Option<usize>,
        most: usize,
        now: Time,
        stamp: u64,
        out: &mut SmallList<TakenOut>,
    ) -> bool {
        let mut evicted = SmallList::new();
        let is_set = self.store.set_maxsize(maxsize, most, now, stamp, &mut evicted);
        for it in evicted {
            self.count(it.1);
            out.push(it);
        }
        is_set
    }

    /// Notes how long a run took whose value is valid.
    #[inline]
    pub(crate) fn record(&mut self, ran: Ran) {
        self.record_sample(ran);
        self.patience.record(ran.for_waiters());
    }

    /// Adds the time of a run to those of the other samples, if it is one.
    #[inline]
    pub(crate) fn record_sample(&mut self, ran: Ran) {
        if let Some(time) = ran.sample() {
            self.counts.add_run(time);
        }
    }

    /// Counts an entry that has left the store.
    #[inline]
    fn count(&mut self, cause: EvictionCause) {
        match cause {
            EvictionCause::Size => self.counts.evictions += 1,
            EvictionCause::Expired => self.counts.expirations += 1,
            EvictionCause::Replaced | EvictionCause::Removed | EvictionCause::Cleared => {}
        }
    }

    /// Ends a flight, if it is under way, and stores its value unless it was invalidated or has no life. The stored one of
    /// equal entries is replaced; if that was begun later, it stays. The store owns what it stores. A run that `renews` a stored
    /// value is no use of its key.
    pub(crate) fn land(
        &mut self,
        entry: EntryRef,
        now: Time,
        life: Option<&Life>,
        mut stamp: u64,
        renews: bool,
        equal: &SmallList<EntryRef>,
    ) -> Option<Landed> {
        let flight = self.end_flight(entry)?;
        self.counts.outdated += u64::from(flight.invalidated);
        let mut dead = SmallList::new();
        let other = Self::stored(equal);
        let is_late = other.is_some_and(|other| other.generation() > entry.generation());
        let is_rejected = life.is_some_and(Life::is_empty);
        self.counts.rejected += u64::from(is_rejected && !flight.invalidated);
        let stored = !(flight.invalidated || is_late || is_rejected || self.store.refuses());
        let renewed = other.filter(|old| renews && stored && self.store.stage(*old, now).answers());
        if let Some(old) = renewed {
            stamp = old.stamp.load(Relaxed);
            self.store.replace(old, entry, now, life);
            dead.push((old, EvictionCause::Replaced));
        } else if !flight.invalidated && !is_late {
            if let Some(replaced) = other {
                let cause = self.take_out(replaced, now, EvictionCause::Replaced);
                dead.push((replaced, cause));
            }
        }
        let mut overtaken = None;
        if stored {
            if renewed.is_none() {
                let mut evicted = SmallList::new();
                self.land_alone(entry, now, life, stamp, &mut evicted);
                evicted.into_iter().for_each(|it| dead.push(it));
            }
            overtaken = Self::joinable(equal).and_then(|(id, _)| self.detach_waiters(id));
        } else {
            self.store.abandon(entry);
        }
        Some(Landed { flight, stored, stamp, overtaken, dead, unstored: None })
    }

    /// Whether an error leaves the stored one of equal entries as it is: another value, which still answers.
    #[cold]
    pub(crate) fn keeps_stored(&self, equal: &SmallList<EntryRef>, now: Time) -> bool {
        self.stored_unexpired(equal, now).is_some_and(|it| !self.store.is_error(it))
    }

    /// Ends a flight, if it is under way, and leaves its value to the waiters. A stored entry stays.
    pub(crate) fn land_beside(&mut self, entry: EntryRef) -> Option<Landed> {
        let flight = self.end(entry)?;
        let count =
            if flight.invalidated { &mut self.counts.outdated } else { &mut self.counts.rejected };
        *count += 1;
        let (overtaken, dead) = (None, SmallList::new());
        Some(Landed { flight, stored: false, stamp: 0, overtaken, dead, unstored: None })
    }

    /// Takes out an entry that is stored. Returns the cause: it may have expired before.
    pub(crate) fn take_out(
        &mut self,
        entry: EntryRef,
        now: Time,
        why: EvictionCause,
    ) -> EvictionCause {
        let cause = self.store.remove(entry, now, why);
        self.count(cause);
        cause
    }

    /// Takes out the stored one of equal entries, if there is one.
    pub(crate) fn take_out_stored(
        &mut self,
        equal: &SmallList<EntryRef>,
        now: Time,
    ) -> Option<TakenOut> {
        let entry = Self::stored(equal)?;
        Some((entry, self.take_out(entry, now, EvictionCause::Removed)))
    }

    /// Takes out what is stored with this tag, and keeps the flights with it from being stored. Returns how many results
    /// are outdated by that: an entry that has expired was so before.
    pub(crate) fn invalidate_tag(
        &mut self,
        tag: &str,
        now: Time,
        out: &mut SmallList<TakenOut>,
    ) -> usize {
        let mut invalidated = 0;
        for entry in self.store.tagged(tag) {
            if entry.is_stored() {
                let cause = self.take_out(entry, now, EvictionCause::Removed);
                invalidated += usize::from(cause == EvictionCause::Removed);
                out.push((entry, cause));
            } else {
                invalidated += usize::from(!entry.is_invalidated());
                entry.invalidate();
            }
        }
        invalidated
    }

    /// The counters and the number of entries. An entry that has expired by `now` counts as expired, taken out or not.
    pub(crate) fn info(&self, now: Time) -> CacheInfo {
        let expired = self.store.count_expired(now);
        let kept = self.store.count_kept(now);
        CacheInfo {
            maxsize: self.store.maxsize(),
            currsize: self.store.len() - expired,
            expirations: self.counts.expirations + expired as u64,
            kept,
            ..self.counts
        }
    }

    /// Takes out entries that have expired, at most `most` of them.
    pub(crate) fn expire(&mut self, now: Time, most: usize) -> SmallList<TakenOut> {
        let mut expired = SmallList::new();
        self.store.expire(now, most, &mut expired);
        expired.for_each(|(_, cause)| self.count(*cause));
        expired
    }

    /// Takes out all that is stored, and keeps the flights under way from being stored.
    pub(crate) fn clear(&mut self) -> impl Iterator<Item = TakenOut> + use<> {
        #[cfg(feature = "metrics")]
        self.zeroed.add(&self.counts);
        self.counts = CacheInfo::default();
        self.store.clear()
    }
}

/// The entries of one hash that have the key, as far as they were compared. Generations tell entries apart.
#[derive(Debug)]
pub(crate) struct KeyMatches {
    /// An entry that has the key, or 0.
    own: u64,
    /// All entries up to this generation were compared, or are gone.
    until: u64,
    equal: SmallList<u64>,
}

impl KeyMatches {
    /// Nothing was compared yet. The `own` entry, if there is one, has the key.
    pub(crate) fn with(own: Option<u64>) -> Self {
        Self { own: own.unwrap_or(0), until: 0, equal: SmallList::new() }
    }

    /// Notes whether an entry has the key.
    pub(crate) fn push(&mut self, generation: u64, equal: bool) {
        if equal {
            self.equal.push(generation);
        }
    }

    /// Notes that all entries up to this generation were compared.
    pub(crate) fn until(&mut self, generation: u64) {
        self.until = generation;
    }

    /// Whether the entry has yet to be compared.
    fn is_new(&self, generation: u64) -> bool {
        generation > self.until && generation != self.own
    }

    pub(crate) fn is_equal(&self, generation: u64) -> bool {
        generation == self.own || self.equal.iter().any(|equal| *equal == generation)
    }
}

//! What the engine's lock guards, and the verdicts on keys that were compared without it.

use crate::base::clock::Time;
use crate::base::small_list::SmallList;
use crate::base::sync::Arc;
use crate::config::stats::CacheInfo;
use crate::entry::entry_ref::EntryRef;
use crate::entry::header::Flying;
use crate::flight::flight::{Flight, FlightId};
use crate::flight::patience::Patience;
use crate::flight::wait::{Landing, Wait};
use crate::scope::runners::Runner;
use crate::store::store::{Cause, Limits, Store, TakenOut};
use std::collections::BTreeMap;
use std::time::Duration;

/// All that is known of a cache: what the lock guards.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) store: Store,
    /// Those who wait, by the generations of what they wait for.
    waits: BTreeMap<u64, Arc<Wait>>,
    /// `maxsize` and `currsize` are filled in when asked for, and hits had without the lock added.
    pub(crate) counts: CacheInfo,
    /// The hits had without the lock before the counters were zeroed.
    pub(crate) hits_forgotten: u64,
    pub(crate) pace: Patience,
    generations: u64,
    /// How many changes there are until the next [`check`](Self::check).
    #[cfg(debug_assertions)]
    unchecked: usize,
}

/// A computation that is over.
pub(crate) struct Landed {
    pub(crate) flight: Flight,
    /// Its result is stored.
    pub(crate) stored: bool,
    /// Where others wait for the same from a computation that is still under way.
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
            waits: BTreeMap::new(),
            counts: CacheInfo::default(),
            hits_forgotten: 0,
            pace: Patience::new(patience),
            generations: 0,
            #[cfg(debug_assertions)]
            unchecked: 0,
        }
    }

    /// Checks that the lists agree with the table. That takes as long as there are entries, and so it is done
    /// the more seldom the more there are.
    #[cfg(debug_assertions)]
    pub(crate) fn check(&mut self) {
        if let Some(left) = self.unchecked.checked_sub(1) {
            self.unchecked = left;
        } else {
            self.store.check();
            self.unchecked = self.store.filed_len();
        }
    }

    /// The generations of all entries are up to this.
    pub(crate) fn generations(&self) -> u64 {
        self.generations
    }

    /// Tells the entries filed under `hash` that are known to have the key from those that have yet to be
    /// compared.
    pub(crate) fn sort(
        &self,
        hash: u64,
        matches: &KeyMatches,
        equal: &mut SmallList<EntryRef>,
        mut unmatched: impl FnMut(EntryRef),
    ) {
        self.store.filed(hash, |place| {
            let generation = place.generation();
            if matches.is_new(generation) {
                unmatched(place);
            } else if matches.is_equal(generation) {
                equal.push(place);
            }
        });
    }

    /// The stored one of equal entries, expired or not.
    fn stored(equal: &SmallList<EntryRef>) -> Option<EntryRef> {
        equal.iter().copied().find(|place| place.is_stored())
    }

    /// The one of equal entries that answers calls.
    pub(crate) fn live(&self, equal: &SmallList<EntryRef>, now: Time) -> Option<EntryRef> {
        Self::stored(equal).filter(|place| !self.store.is_expired(*place, now))
    }

    /// The computation under way, of equal entries, that lets others join.
    pub(crate) fn joinable(equal: &SmallList<EntryRef>) -> Option<(FlightId, Runner)> {
        equal.iter().find_map(|place| {
            let flying = place.flying().filter(|it| it.joinable && !it.invalidated)?;
            Some((FlightId { place: *place, generation: place.generation() }, flying.owner))
        })
    }

    /// Where to wait for a computation, and how long before helping.
    pub(crate) fn wait(&mut self, id: FlightId, owner: Runner) -> (Arc<Wait>, Duration) {
        let wait = self.waits.entry(id.generation).or_insert_with(|| Arc::new(Wait::new(owner)));
        wait.join();
        (Arc::clone(wait), self.pace.limit(Runner::is_inside_run()))
    }

    /// Where a flight is waited for.
    pub(crate) fn awaited(&self, id: FlightId) -> Option<&Wait> {
        self.waits.get(&id.generation).map(|wait| &**wait)
    }

    /// Has those who wait for a computation do so no longer, though it is under way, and may be stored.
    /// Returns where they wait.
    pub(crate) fn detach_waiters(&mut self, id: FlightId) -> Option<Arc<Wait>> {
        id.place.detach_waiters();
        self.waits.remove(&id.generation)
    }

    /// Keeps the computations under way, of equal entries, from being stored.
    pub(crate) fn invalidate(equal: &SmallList<EntryRef>) {
        equal.iter().for_each(|place| place.invalidate());
    }

    /// Registers a computation, of the calling thread or of the async run whose `wait` this is, where
    /// nothing else is filed under its hash.
    pub(crate) fn start(
        &mut self,
        place: EntryRef,
        joinable: bool,
        wait: Option<&Arc<Wait>>,
    ) -> FlightId {
        self.generations += 1;
        let generation = self.generations;
        let owner = wait.map_or_else(Runner::current_thread, |wait| wait.owner());
        if let Some(wait) = wait.filter(|_| joinable) {
            self.waits.insert(generation, Arc::clone(wait));
        }
        let flying = Flying { owner, joinable, invalidated: false };
        self.store.start(place, generation, flying);
        FlightId { place, generation }
    }

    /// The same where something may be.
    pub(crate) fn start_among(
        &mut self,
        place: EntryRef,
        joinable: bool,
        wait: Option<&Arc<Wait>>,
    ) -> FlightId {
        let mut is_crowded = false;
        self.store.filed(place.hash(), |other| {
            other.mark_shared_hash();
            is_crowded = true;
        });
        let id = self.start(place, joinable, wait);
        if is_crowded {
            place.mark_shared_hash();
        }
        id
    }

    /// The end of the computation at a place, if it is under way.
    fn end_flight(&mut self, place: EntryRef) -> Option<Flight> {
        let invalidated = place.flying()?.invalidated;
        // Of few computations anybody awaits the end.
        let wait =
            if self.waits.is_empty() { None } else { self.waits.remove(&place.generation()) };
        Some(Flight { wait, invalidated, landing: Landing::Abandoned })
    }

    /// Ends a computation without storing anything, if it has not been ended. The flight is to be
    /// dropped outside the lock.
    pub(crate) fn end(&mut self, place: EntryRef) -> Option<Flight> {
        let flight = self.end_flight(place)?;
        self.store.abandon(place);
        Some(flight)
    }

    /// Whether a computation ends in the common way: it is to be stored, nobody waits for it, and nothing
    /// else was filed under its hash.
    #[inline]
    pub(crate) fn lands_alone(&self, place: EntryRef) -> bool {
        let is_awaited = !self.waits.is_empty() && self.waits.contains_key(&place.generation());
        place.is_alone() && !is_awaited && !self.store.refuses()
    }

    /// Stores the result of such a computation. The store owns it then. `out` receives the entries that had to go.
    #[inline]
    pub(crate) fn land_alone(
        &mut self,
        place: EntryRef,
        now: Time,
        stamp: u64,
        out: &mut SmallList<TakenOut>,
    ) {
        self.store.store(place, now, stamp, out);
        out.iter().for_each(|(_, cause)| self.count(*cause));
    }

    /// Counts an entry that has left the store.
    #[inline]
    fn count(&mut self, cause: Cause) {
        match cause {
            Cause::Size => self.counts.evictions += 1,
            Cause::Expired => self.counts.expirations += 1,
            Cause::Replaced | Cause::Removed | Cause::Cleared => {}
        }
    }

    /// Ends a computation and stores its result, if it has not been ended or invalidated, in the place of
    /// the stored one of equal entries, unless that was begun later. When it is stored the store owns it.
    pub(crate) fn land(
        &mut self,
        place: EntryRef,
        now: Time,
        stamp: u64,
        equal: &SmallList<EntryRef>,
    ) -> Option<Landed> {
        let flight = self.end_flight(place)?;
        self.counts.outdated += u64::from(flight.invalidated);
        let mut dead = SmallList::new();
        let other = Self::stored(equal);
        let is_late = other.is_some_and(|other| other.generation() > place.generation());
        let stored = !flight.invalidated && !is_late && !self.store.refuses();
        if !flight.invalidated && !is_late {
            if let Some(replaced) = other {
                let cause = self.take_out(replaced, now, Cause::Replaced);
                dead.push((replaced, cause));
            }
        }
        let mut overtaken = None;
        if stored {
            let mut evicted = SmallList::new();
            self.land_alone(place, now, stamp, &mut evicted);
            evicted.into_iter().for_each(|it| dead.push(it));
            overtaken = Self::joinable(equal).and_then(|(id, _)| self.detach_waiters(id));
        } else {
            self.store.abandon(place);
        }
        Some(Landed { flight, stored, overtaken, dead, unstored: None })
    }

    /// Takes out an entry that is stored. Returns the cause: it may have expired before.
    pub(crate) fn take_out(&mut self, place: EntryRef, now: Time, why: Cause) -> Cause {
        let cause = self.store.remove(place, now, why);
        self.count(cause);
        cause
    }

    /// Takes out the stored one of equal entries, which the user removes.
    pub(crate) fn take_out_stored(
        &mut self,
        equal: &SmallList<EntryRef>,
        now: Time,
    ) -> Option<TakenOut> {
        let place = Self::stored(equal)?;
        Some((place, self.take_out(place, now, Cause::Removed)))
    }

    /// The counters, and how many entries are held. What has expired by `now` does not count, given back or
    /// not.
    pub(crate) fn info(&self, now: Time) -> CacheInfo {
        let expired = self.store.expired(now);
        CacheInfo {
            currsize: self.store.len() - expired,
            expirations: self.counts.expirations + expired as u64,
            ..self.counts
        }
    }

    /// Takes out entries that have expired, at most `most` of them.
    pub(crate) fn expire(&mut self, now: Time, most: usize) -> SmallList<TakenOut> {
        let mut expired = SmallList::new();
        self.store.expire(now, most, &mut expired);
        expired.iter().for_each(|(_, cause)| self.count(*cause));
        expired
    }

    /// Takes out all that is stored, and keeps what is under way from being stored.
    pub(crate) fn clear(&mut self) -> impl Iterator<Item = TakenOut> + use<> {
        self.counts = CacheInfo::default();
        self.store.clear()
    }
}

/// Which of the entries filed under one hash have the key looked for, so far as is known.
#[derive(Debug)]
pub(crate) struct KeyMatches {
    own: u64,
    /// All that was born until then is matches, or gone.
    until: u64,
    equal: SmallList<u64>,
}

impl KeyMatches {
    /// Nothing yet, but of the entry born then, if there is one: it has the key.
    pub(crate) fn with(own: Option<u64>) -> Self {
        Self { own: own.unwrap_or(0), until: 0, equal: SmallList::new() }
    }

    /// Whether an entry has the key.
    pub(crate) fn push(&mut self, generation: u64, equal: bool) {
        if equal {
            self.equal.push(generation);
        }
    }

    /// All entries that were met when this was the last generation have been matches.
    pub(crate) fn until(&mut self, generation: u64) {
        self.until = generation;
    }

    /// Whether it has not been met before.
    fn is_new(&self, generation: u64) -> bool {
        generation > self.until && generation != self.own
    }

    pub(crate) fn is_equal(&self, generation: u64) -> bool {
        generation == self.own || self.equal.iter().any(|equal| *equal == generation)
    }
}

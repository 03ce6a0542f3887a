//! What the engine's lock guards, and the verdicts on keys that were compared without it.

use crate::clock::Time;
use crate::flight::{Flight, FlightId, Flights, Pace};
use crate::stats::CacheInfo;
use crate::store::{Inserted, Limits, Place, Store};

/// What the lock guards: the bookkeeping, which knows no types, and the entries themselves.
pub(crate) struct Index<P> {
    pub(crate) books: Books,
    stored: Vec<Option<P>>,
    flying: Vec<Option<P>>,
}

/// All that is known of a cache but its entries.
#[derive(Debug)]
pub(crate) struct Books {
    pub(crate) store: Store,
    pub(crate) flights: Flights,
    /// `maxsize` and `currsize` are filled in when asked for.
    pub(crate) counts: CacheInfo,
    pub(crate) pace: Pace,
    pub(crate) births: u64,
}

/// Which entries a look-up has to compare keys with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Among {
    Stored,
    StoredAndJoinable,
    StoredAndFlying,
}

/// Where an entry is.
#[derive(Debug, Clone, Copy)]
enum At {
    Stored(Place),
    Flying(Place),
}

impl Books {
    fn new(limits: Limits) -> Self {
        Self {
            store: Store::new(limits),
            flights: Flights::new(),
            counts: CacheInfo::default(),
            pace: Pace::default(),
            births: 0,
        }
    }

    /// A number that has not been given to any entry before.
    fn birth(&mut self) -> u64 {
        self.births += 1;
        self.births
    }

    /// The entries filed under `hash` whose keys have yet to be compared, and their births.
    fn unjudged(&self, hash: u64, among: Among, judged: &Judged) -> Few<(u64, At)> {
        let flights = self.flights.filed(hash).filter(|flight| match among {
            Among::Stored => false,
            Among::StoredAndJoinable => flight.joinable,
            Among::StoredAndFlying => true,
        });
        let stored = self.store.filed(hash).map(|at| (self.store.birth(at), At::Stored(at)));
        let flying = flights.map(|flight| (flight.id.birth, At::Flying(flight.id.place)));
        let mut unjudged = Few::new();
        stored
            .chain(flying)
            .filter(|(birth, _)| *birth > judged.until)
            .for_each(|it| unjudged.push(it));
        unjudged
    }

    /// The record filed under `hash`, if there is no other and nothing waits to be expired.
    #[inline]
    pub(crate) fn only(&self, hash: u64, now: Time) -> Option<Place> {
        if self.store.has_expired(now) { None } else { self.store.only(hash) }
    }

    /// Counts a hit on what was found at a place, and may have another by now.
    #[inline]
    pub(crate) fn hit(&mut self, hash: u64, place: Place, birth: u64) {
        self.counts.hits += 1;
        if !self.store.touch(place, birth) {
            let moved = self.store.filed(hash).find(|place| self.store.birth(*place) == birth);
            if let Some(place) = moved {
                self.store.touch(place, birth);
            }
        }
    }

    /// The stored entry that was found equal.
    pub(crate) fn stored(&self, hash: u64, judged: &Judged) -> Option<Place> {
        self.store.filed(hash).find(|place| judged.is_equal(self.store.birth(*place)))
    }

    /// Keeps the computations under way for the equal key from being stored.
    pub(crate) fn outdate(&mut self, hash: u64, judged: &Judged) {
        let flights = self.flights.filed_mut(hash);
        flights.filter(|it| judged.is_equal(it.id.birth)).for_each(|it| it.outdated = true);
    }
}

impl<P: Clone> Index<P> {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { books: Books::new(limits), stored: Vec::new(), flying: Vec::new() }
    }

    /// The entries whose keys have yet to be compared, and their births.
    pub(crate) fn unjudged(&self, hash: u64, among: Among, judged: &Judged) -> Few<(u64, P)> {
        let mut unjudged = Few::new();
        for (birth, at) in self.books.unjudged(hash, among, judged).into_iter() {
            let entry = match at {
                At::Stored(place) => self.at(place),
                At::Flying(place) => self.in_flight(place),
            };
            unjudged.push((birth, entry));
        }
        unjudged
    }

    /// The entry at a place of the store.
    #[inline]
    pub(crate) fn at(&self, place: Place) -> P {
        self.stored[place as usize].clone().expect("what is filed is there")
    }

    pub(crate) fn in_flight(&self, place: Place) -> P {
        self.flying[place as usize].clone().expect("what flies is there")
    }

    /// All entries, in the order of the store.
    pub(crate) fn iter(&self) -> impl Iterator<Item = P> {
        self.books.store.iter().map(|place| self.at(place))
    }

    /// Stores `entry` in the place of the one with an equal key, if there is one. Returns what has
    /// to be dropped outside the lock.
    pub(crate) fn file(
        &mut self,
        entry: P,
        hash: u64,
        now: Time,
        judged: &Judged,
    ) -> [Option<P>; 2] {
        let replaced = self.books.stored(hash, judged).and_then(|place| self.take(place));
        let birth = self.books.birth();
        let gone = match self.books.store.insert(hash, birth, now) {
            Inserted::At(place) => self.put(place, entry),
            Inserted::Evicting(place) => {
                self.books.counts.evictions += 1;
                self.put(place, entry)
            }
            Inserted::Refused => Some(entry),
        };
        [replaced, gone]
    }

    /// Takes an entry out of the store.
    pub(crate) fn take(&mut self, place: Place) -> Option<P> {
        self.books.store.remove(place);
        let taken = self.stored[place as usize].take();
        self.compact();
        taken
    }

    /// Takes out at most `most` entries whose time has passed.
    #[inline]
    pub(crate) fn expire(&mut self, now: Time, most: usize) -> Vec<P> {
        if !self.books.store.has_expired(now) {
            return Vec::new();
        }
        let places = self.books.store.expire(now, most);
        self.books.counts.expirations += places.len() as u64;
        let mut expired = Vec::with_capacity(places.len());
        for place in places {
            if let Some(entry) = self.stored[place as usize].take() {
                expired.push(entry);
            }
        }
        self.compact();
        expired
    }

    /// Empties the store. What it held is to be dropped outside the lock.
    pub(crate) fn clear(&mut self) -> (Store, Vec<Option<P>>) {
        self.books.counts = CacheInfo::default();
        self.books.flights.outdate_all();
        (self.books.store.take(), std::mem::take(&mut self.stored))
    }

    /// Registers a computation.
    pub(crate) fn start(&mut self, hash: u64, entry: P, joinable: bool) -> FlightId {
        let birth = self.books.birth();
        let id = self.books.flights.start(hash, birth, joinable);
        put(&mut self.flying, id.place, entry);
        id
    }

    /// Ends a computation, if it has not been ended. The flight is to be dropped outside the lock.
    pub(crate) fn end(&mut self, hash: u64, id: FlightId) -> Option<(Flight, Option<P>)> {
        let flight = self.books.flights.end(hash, id)?;
        let entry = self.flying[id.place as usize].take();
        if self.books.flights.is_empty() {
            // All places are vacant, and a deep recursion may have left many.
            self.flying.truncate(64);
            self.flying.shrink_to(64);
        }
        Some((flight, entry))
    }

    fn put(&mut self, place: Place, entry: P) -> Option<P> {
        put(&mut self.stored, place, entry)
    }

    fn compact(&mut self) {
        if let Some(order) = self.books.store.compact() {
            let mut stored = Vec::with_capacity(order.len());
            for old in order {
                stored.push(self.stored[old as usize].take());
            }
            self.stored = stored;
        }
    }
}

/// Puts an entry at a place, which may be the one after the last.
fn put<P>(entries: &mut Vec<Option<P>>, place: Place, entry: P) -> Option<P> {
    if let Some(there) = entries.get_mut(place as usize) {
        return there.replace(entry);
    }
    entries.push(Some(entry));
    None
}

/// Which of the entries filed under one hash have the key looked for, so far as is known.
#[derive(Debug)]
pub(crate) struct Judged {
    /// All that was born until then is judged, or gone.
    until: u64,
    equal: Few<u64>,
}

impl Judged {
    pub(crate) const fn new() -> Self {
        Self { until: 0, equal: Few::new() }
    }

    /// Whether an entry has the key.
    pub(crate) fn push(&mut self, birth: u64, equal: bool) {
        if equal {
            self.equal.push(birth);
        }
    }

    /// All entries that were met when this was the last birth have been judged.
    pub(crate) fn until(&mut self, birth: u64) {
        self.until = birth;
    }

    pub(crate) fn is_equal(&self, birth: u64) -> bool {
        self.equal.iter().any(|equal| *equal == birth)
    }
}

/// A list that allocates from its second item on: a hash is nearly always that of one key.
#[derive(Debug)]
pub(crate) struct Few<T> {
    first: Option<T>,
    more: Vec<T>,
}

impl<T> Few<T> {
    const fn new() -> Self {
        Self { first: None, more: Vec::new() }
    }

    fn push(&mut self, item: T) {
        if self.first.is_none() {
            self.first = Some(item);
        } else {
            self.more.push(item);
        }
    }

    fn iter(&self) -> impl Iterator<Item = &T> {
        self.first.iter().chain(&self.more)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    pub(crate) fn into_iter(self) -> impl Iterator<Item = T> {
        self.first.into_iter().chain(self.more)
    }
}

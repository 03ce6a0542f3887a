//! Computations under way: who runs a body for which entry, and who waits for it.

use crate::sync::{Arc, ThreadToken};
use crate::wait::{Landing, Wait};
use hashbrown::HashTable;
use std::time::Duration;

/// Names one run of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FlightId {
    /// Where its entry is.
    pub(crate) place: u32,
    /// Tells it from all others.
    pub(crate) birth: u64,
}

/// One run of a body, from its start until its result is stored or given up.
#[derive(Debug)]
pub(crate) struct Flight {
    hash: u64,
    pub(crate) id: FlightId,
    pub(crate) owner: ThreadToken,
    /// Whether callers of an equal key wait for this run.
    pub(crate) joinable: bool,
    /// Its key was removed, or the cache cleared, since it started: its result must not be stored.
    pub(crate) outdated: bool,
    /// Made by the first caller that waits.
    wait: Option<Arc<Wait>>,
    /// What those waiting are told when the flight is dropped.
    pub(crate) landing: Landing,
}

impl Flight {
    pub(crate) fn is_awaited(&self) -> bool {
        self.wait.is_some()
    }

    pub(crate) fn wait(&mut self) -> Arc<Wait> {
        let owner = self.owner;
        Arc::clone(self.wait.get_or_insert_with(|| Arc::new(Wait::new(owner))))
    }
}

/// However a run ends, nobody waits for it any longer. Flights are dropped outside the lock.
impl Drop for Flight {
    fn drop(&mut self) {
        if let Some(wait) = self.wait.take() {
            wait.land(std::mem::replace(&mut self.landing, Landing::Abandoned));
        }
    }
}

/// The flights of one cache.
#[derive(Debug)]
pub(crate) struct Flights {
    under_way: HashTable<Flight>,
    vacant: Vec<u32>,
}

impl Flights {
    pub(crate) const fn new() -> Self {
        Self { under_way: HashTable::new(), vacant: Vec::new() }
    }

    /// Registers a run of the calling thread. Its entry belongs at the place returned.
    pub(crate) fn start(&mut self, hash: u64, birth: u64, joinable: bool) -> FlightId {
        let places = self.under_way.len() + self.vacant.len();
        let place = self.vacant.pop().unwrap_or(u32::try_from(places).unwrap_or(u32::MAX));
        let id = FlightId { place, birth };
        let flight = Flight {
            hash,
            id,
            owner: ThreadToken::current(),
            joinable,
            outdated: false,
            wait: None,
            landing: Landing::Abandoned,
        };
        self.under_way.insert_unique(hash, flight, |flight| flight.hash);
        id
    }

    pub(crate) fn end(&mut self, hash: u64, id: FlightId) -> Option<Flight> {
        let found = self.under_way.find_entry(hash, |flight| flight.id == id).ok()?;
        let (flight, _) = found.remove();
        if self.under_way.is_empty() {
            // Places are numbered from 0 again.
            self.vacant.clear();
            self.vacant.shrink_to(64);
            self.under_way.shrink_to(64, |flight| flight.hash);
        } else {
            self.vacant.push(id.place);
        }
        Some(flight)
    }

    /// The flights under way for `hash` whose results will be stored.
    pub(crate) fn filed(&self, hash: u64) -> impl Iterator<Item = &Flight> {
        let flights = self.under_way.iter_hash(hash);
        flights.filter(move |flight| flight.hash == hash && !flight.outdated)
    }

    pub(crate) fn filed_mut(&mut self, hash: u64) -> impl Iterator<Item = &mut Flight> {
        let flights = self.under_way.iter_hash_mut(hash);
        flights.filter(move |flight| flight.hash == hash && !flight.outdated)
    }

    pub(crate) fn outdate_all(&mut self) {
        self.under_way.iter_mut().for_each(|flight| flight.outdated = true);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.under_way.is_empty()
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.under_way.len()
    }
}

/// How long the bodies of one cache run, and hence how long to wait for one before helping out.
///
/// The graph of waits finds every cycle that runs through memoized calls alone. It cannot see one
/// that also runs through somebody else's lock or scheduler: a worker of a work-stealing pool that,
/// in the middle of one half of a body, steals a task which calls that body again, waits for
/// itself. Such a wait looks exactly like one for a slow body. So a wait has a limit, far above
/// what the bodies of this cache have taken so far; past it *one* of those waiting runs the body
/// as well, and the limit doubles for the rest. A cache in which that once proved right, because
/// the helper was done in no time, is helped sooner from then on.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    longest: Option<Duration>,
    stalled: bool,
}

impl Pace {
    const UNKNOWN: Duration = Duration::from_secs(10);
    const SHORTEST: Duration = Duration::from_secs(2);
    const SHORTEST_ONCE_STALLED: Duration = Duration::from_millis(20);
    const FACTOR: u32 = 20;

    pub(crate) fn patience(&self) -> Duration {
        match self.longest {
            None => Self::UNKNOWN,
            Some(longest) => {
                let shortest =
                    if self.stalled { Self::SHORTEST_ONCE_STALLED } else { Self::SHORTEST };
                longest.saturating_mul(Self::FACTOR).max(shortest)
            }
        }
    }

    /// A body ran for `run`, and nobody had to help.
    pub(crate) fn completed(&mut self, run: Duration) {
        // Once stalled, a long run may be a run that waited for a stalled one.
        if !self.stalled {
            self.longest = self.longest.max(Some(run));
        }
    }

    /// A helper needed `run` for what its owner had not finished in `waited`.
    pub(crate) fn helped(&mut self, run: Duration, waited: Duration) {
        if run < waited / 8 {
            let longest = if self.stalled { self.longest } else { None };
            self.longest = longest.max(Some(run));
            self.stalled = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deep_recursion_leaves_no_room_behind() {
        let mut flights = Flights::new();
        let depth = if cfg!(miri) { 200 } else { 2000 };
        let ids: Vec<_> = (0..depth).map(|birth| flights.start(birth, birth, true)).collect();
        assert!((0..).zip(&ids).all(|(place, id)| id.place == place));
        for (birth, id) in (0..depth).zip(ids) {
            assert!(flights.end(birth, id).is_some());
            assert!(flights.end(birth, id).is_none());
        }
        assert!(flights.under_way.capacity() < 150 && flights.vacant.capacity() < 150);
        assert_eq!(flights.start(1, depth, true).place, 0);
    }

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn patience_grows_with_what_bodies_take() {
        let mut pace = Pace::default();
        assert_eq!(pace.patience(), Pace::UNKNOWN);
        pace.completed(MS);
        assert_eq!(pace.patience(), Pace::SHORTEST);
        pace.completed(3000 * MS);
        assert_eq!(pace.patience(), 60_000 * MS);
        pace.completed(Duration::MAX);
        assert_eq!(pace.patience(), Duration::MAX);
    }

    #[test]
    fn a_proven_stall_makes_the_cache_help_sooner() {
        let mut pace = Pace::default();
        pace.completed(2000 * MS);
        pace.helped(1000 * MS, 2000 * MS);
        assert_eq!(pace.patience(), 40_000 * MS, "a helper as slow as the owner proves nothing");
        pace.helped(2 * MS, 2000 * MS);
        assert_eq!(pace.patience(), 40 * MS);
        pace.completed(5000 * MS);
        assert_eq!(pace.patience(), 40 * MS);
    }
}

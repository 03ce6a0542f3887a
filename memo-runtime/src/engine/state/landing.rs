//! Flights that end with a value.

use super::State;
use crate::base::clock::Time;
use crate::base::small_list::SmallList;
use crate::base::stopwatch::Ran;
use crate::base::sync::Arc;
use crate::base::sync::Ordering::Relaxed;
use crate::entry::entry::Stored;
use crate::entry::entry_ref::EntryRef;
use crate::flight::flight::Flight;
use crate::flight::wait::Wait;
use crate::store::cause::EvictionCause;
use crate::store::freshness::Life;
use crate::store::store::TakenOut;

/// A run that has ended with a value.
pub(crate) struct Landed {
    pub(crate) flight: Flight,
    pub(crate) stored: Stored,
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

    /// Stores the value of such a flight. The store owns the entry then, unless it is compact. `out` receives what was taken
    /// out.
    #[inline]
    pub(crate) fn land_alone(
        &mut self,
        entry: EntryRef,
        now: Time,
        life: Option<&Life>,
        stamp: u64,
        out: &mut SmallList<TakenOut>,
    ) {
        drop(self.take_wait(entry));
        self.store.store(entry, now, life, stamp, out);
        out.for_each(|(_, cause)| self.count(*cause));
    }

    /// Takes out where others may wait for a flight. If nobody waits, the wait holds nothing of the user's: the run is over.
    #[inline]
    pub(crate) fn take_wait(&mut self, entry: EntryRef) -> Option<Arc<Wait>> {
        if self.waits.is_empty() { None } else { self.take_wait_of(entry.generation()) }
    }

    #[cold]
    #[inline(never)]
    fn take_wait_of(&mut self, generation: u64) -> Option<Arc<Wait>> {
        self.waits.remove(generation)
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

    /// Ends a flight, if it is under way, and stores its value unless it was invalidated or has no life. The stored one of
    /// equal entries is replaced; if that was begun later, it stays. The store owns what it stores, unless it is compact. A run
    /// that `renews` a stored value is no use of its key.
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
        let stored = if stored { self.store.stores() } else { Stored::No };
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
        let stored = Stored::No;
        Some(Landed { flight, stored, stamp: 0, overtaken, dead, unstored: None })
    }

    /// Notes how long a run took whose value is valid, and for which others may have waited.
    #[inline]
    pub(crate) fn record(&mut self, ran: Ran, wait: Option<&Wait>) {
        self.record_sample(ran);
        self.patience.record(ran.for_waiters().or_else(|| wait?.age()));
    }

    /// Adds the time of a run to those of the other samples, if it is one.
    #[inline]
    pub(crate) fn record_sample(&mut self, ran: Ran) {
        if let Some(time) = ran.sample() {
            self.counts.add_run(time);
        }
    }
}

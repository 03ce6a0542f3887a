//! What the engine's lock guards, and the verdicts of keys that were compared without it.

use crate::clock::Time;
use crate::flight::{Flights, Pace};
use crate::stats::CacheInfo;
use crate::store::{Inserted, Limits, Store};
use std::ops::Deref;

/// What the lock guards.
pub(crate) struct Index<P> {
    pub(crate) store: Store<P>,
    pub(crate) flights: Flights<P>,
    /// `maxsize` and `currsize` are filled in when asked for.
    pub(crate) counts: CacheInfo,
    pub(crate) pace: Pace,
}

/// Which entries a look-up has to compare keys with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Among {
    Stored,
    StoredAndJoinable,
    StoredAndFlying,
}

impl<E, P: Deref<Target = E> + Clone> Index<P> {
    /// The entries whose keys have yet to be compared.
    pub(crate) fn unjudged(&self, hash: u64, among: Among, judged: &Judged<P>) -> Few<P> {
        let mut unjudged = Few::None;
        let flights = self.flights.filed(hash).filter(|flight| match among {
            Among::Stored => false,
            Among::StoredAndJoinable => flight.joinable,
            Among::StoredAndFlying => true,
        });
        let entries = self.store.filed(hash).chain(flights.map(|flight| &flight.entry));
        for (i, entry) in entries.enumerate() {
            if !judged.knows(entry, i) {
                unjudged.push(entry.clone());
            }
        }
        unjudged
    }
}

impl<P: Clone> Index<P> {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            store: Store::new(limits),
            flights: Flights::new(),
            counts: CacheInfo::default(),
            pace: Pace::default(),
        }
    }

    /// Stores `entry` in the place of the one with an equal key, if there is one. Returns what has
    /// to be dropped outside the lock.
    pub(crate) fn file(
        &mut self,
        entry: P,
        hash: u64,
        now: Time,
        is_equal: &dyn Fn(&P) -> bool,
    ) -> (Option<P>, Inserted<P>) {
        let replaced = self.store.remove(hash, is_equal);
        let inserted = self.store.insert(hash, entry, now);
        if let Inserted::Evicting(_) = inserted {
            self.counts.evictions += 1;
        }
        (replaced, inserted)
    }

    pub(crate) fn outdate(&mut self, hash: u64, is_equal: &dyn Fn(&P) -> bool) {
        let flights = self.flights.filed_mut(hash).filter(|flight| is_equal(&flight.entry));
        flights.for_each(|flight| flight.outdated = true);
    }
}

/// Which of the entries filed under one hash have the key looked for, so far as is known.
pub(crate) struct Judged<P>(Few<(P, bool)>);

impl<T, P: Deref<Target = T>> Judged<P> {
    pub(crate) fn new() -> Self {
        Self(Few::None)
    }

    pub(crate) fn push(&mut self, entry: P, equal: bool) {
        self.0.push((entry, equal));
    }

    /// `place` is where the entry was met: most likely where it was met the last time.
    fn knows(&self, entry: &P, place: usize) -> bool {
        let judged = self.0.as_slice();
        judged.get(place).is_some_and(|(known, _)| same(known, entry))
            || judged.iter().any(|(known, _)| same(known, entry))
    }

    pub(crate) fn is_equal(&self, entry: &P) -> bool {
        self.0.as_slice().iter().any(|(known, equal)| *equal && same(known, entry))
    }
}

/// A list that allocates from its second item on: a hash is nearly always that of one key.
pub(crate) enum Few<T> {
    None,
    One([T; 1]),
    Many(Vec<T>),
}

impl<T> Few<T> {
    pub(crate) fn push(&mut self, item: T) {
        *self = match std::mem::replace(self, Self::None) {
            Self::None => Self::One([item]),
            Self::One([first]) => Self::Many(vec![first, item]),
            Self::Many(mut items) => {
                items.push(item);
                Self::Many(items)
            }
        };
    }

    fn as_slice(&self) -> &[T] {
        match self {
            Self::None => &[],
            Self::One(item) => item,
            Self::Many(items) => items,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Self::None)
    }

    pub(crate) fn into_iter(self) -> impl Iterator<Item = T> {
        let (one, many) = match self {
            Self::None => (None, Vec::new()),
            Self::One([item]) => (Some(item), Vec::new()),
            Self::Many(items) => (None, items),
        };
        one.into_iter().chain(many)
    }
}

pub(crate) fn same<T, P: Deref<Target = T>>(a: &P, b: &P) -> bool {
    std::ptr::eq::<T>(&raw const **a, &raw const **b)
}

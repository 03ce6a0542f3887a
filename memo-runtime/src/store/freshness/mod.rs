//! Freshness: which moments in the lives of entries have come.
//!
//! An entry has a deadline of its own. Where all entries live [equally long](equal_lives), the queue of their deadlines
//! is a FIFO. Where lives [differ](differing_lives), it is a radix heap. Callers see no difference: they ask for an
//! entry's own deadline by [`stage`](Freshness::stage), and for what to do next by
//! [`pop_due`](Freshness::pop_due).
//!
//! This file knows deadlines. It must not know the table, counters or values.

mod differing_lives;
mod equal_lives;

use crate::base::clock::Time;
use crate::base::small_list::SmallList;
use crate::entry::entry_ref::EntryRef;
use crate::entry::last_use::IdleLife;
use differing_lives::{DifferingLives, Step};
use equal_lives::EqualLives;
use std::time::Duration;

/// The moments in the life of an entry.
#[derive(Debug, Clone, Copy)]
struct Moments {
    /// A call may have the value computed anew.
    run_at: Time,
    /// It answers no longer.
    deadline: Time,
    /// It is gone.
    ends: Time,
}

impl Moments {
    const NEVER: Self =
        Self { run_at: Time::FOREVER, deadline: Time::FOREVER, ends: Time::FOREVER };

    /// The moments of a life that begins `now`.
    fn of(life: &Life, now: Time) -> Self {
        let deadline = now.after(life.length);
        let run_at = now.after(life.fresh);
        let run_at = if run_at < deadline { run_at } else { Time::FOREVER };
        Self { run_at, deadline, ends: deadline.after(life.kept) }
    }
}

/// The stage of an entry's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It answers.
    Fresh,
    /// It answers, and somebody has yet to renew it.
    Due,
    /// It answers calls that fail, and for some time after one has failed all calls: until another `may_run` the body.
    Kept { may_run: bool },
    /// It has expired.
    Over,
}

impl Stage {
    /// Whether it answers calls without a run of the body.
    pub(crate) fn answers(self) -> bool {
        matches!(self, Self::Fresh | Self::Due)
    }
}

/// How long the entries of a store live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lives {
    /// They do not expire.
    Endless,
    /// All of them live so long.
    Equal(Duration),
    /// Each has a life of its own, and is gone before its end when it was idle for too long.
    Differing(Option<IdleLife>),
}

/// The life of one entry, where lives differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Life {
    /// With no length, the entry is not stored.
    pub(crate) length: Duration,
    /// The entry is due for a refresh after this. If that is not less than the length, it never is.
    pub(crate) fresh: Duration,
    /// The entry is kept for so long after that, for calls that fail.
    pub(crate) kept: Duration,
    /// Its value is an error, which does not take the place of another value that still answers.
    pub(crate) is_error: bool,
}

/// A moment in an entry's life that has come. Another kind of moment (a refresh, the end of a grace period) is another
/// variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// The entry has expired, and has no deadline any more.
    Expired(EntryRef),
    /// The next call of the entry's key decides about it, under the lock.
    Hide(EntryRef),
}

impl Life {
    pub(crate) const ENDLESS: Self =
        Self { length: Duration::MAX, fresh: Duration::MAX, kept: Duration::ZERO, is_error: false };

    /// Whether it has no length.
    pub(crate) fn is_empty(&self) -> bool {
        self.length.is_zero()
    }
}

/// The deadlines of all entries that are stored, if entries expire.
#[derive(Debug)]
// A tag of its own: each miss tests it several times.
#[repr(u8)]
pub(crate) enum Freshness {
    Endless,
    Equal(EqualLives),
    Differing(Box<DifferingLives>),
}

impl Freshness {
    pub(crate) fn new(lives: Lives) -> Self {
        match lives {
            Lives::Endless => Self::Endless,
            Lives::Equal(ttl) => Self::Equal(EqualLives::new(ttl)),
            Lives::Differing(idle) => Self::Differing(Box::new(DifferingLives::new(idle))),
        }
    }

    /// Whether entries expire. If so, [`for_each`](Self::for_each) shows all that are stored.
    #[inline]
    pub(crate) fn is_on(&self) -> bool {
        !matches!(self, Self::Endless)
    }

    /// Whether every entry would be expired as soon as it is stored.
    pub(crate) fn refuses(&self) -> bool {
        matches!(self, Self::Equal(queue) if queue.ttl().is_zero())
    }

    /// An entry was stored, and its life begins. It has a life of its `own` where lives differ.
    #[inline]
    pub(crate) fn stored(&mut self, entry: EntryRef, now: Time, own: Option<&Life>) {
        match self {
            Self::Endless => {}
            Self::Equal(queue) => queue.push(entry, now),
            Self::Differing(queue) => Self::begin_own(queue, entry, now, own),
        }
    }

    /// Out of line: most caches store entries without it.
    #[cold]
    #[inline(never)]
    fn begin_own(queue: &mut DifferingLives, entry: EntryRef, now: Time, own: Option<&Life>) {
        let life = own.unwrap_or(&Life::ENDLESS);
        queue.push(entry, now, Moments::of(life, now), life.is_error);
    }

    /// Whether the value of an entry that is stored is known to be an error.
    pub(crate) fn is_error(&self, entry: EntryRef) -> bool {
        matches!(self, Self::Differing(queue) if queue.is_error(entry))
    }

    /// An entry that was stored is taken out.
    #[inline]
    pub(crate) fn removed(&mut self, entry: EntryRef) {
        match self {
            Self::Endless => {}
            Self::Equal(queue) => queue.remove(entry),
            Self::Differing(queue) => queue.remove(entry),
        }
    }

    /// No entry is stored any longer.
    pub(crate) fn clear(&mut self) {
        match self {
            Self::Endless => {}
            Self::Equal(queue) => *queue = EqualLives::new(queue.ttl()),
            Self::Differing(queue) => queue.clear(),
        }
    }

    /// The stage of the life of an entry that is stored.
    #[inline]
    pub(crate) fn stage(&self, entry: EntryRef, now: Time) -> Stage {
        match self {
            Self::Equal(queue) if queue.deadline(entry).has_passed(now) => Stage::Over,
            Self::Endless | Self::Equal(_) => Stage::Fresh,
            Self::Differing(queue) => queue.stage(entry, now),
        }
    }

    /// Sets when a call may have the value of an entry computed anew. Returns whether it answers until then.
    pub(crate) fn set_run(&mut self, entry: EntryRef, at: Time, now: Time) -> bool {
        match self {
            Self::Endless | Self::Equal(_) => true,
            Self::Differing(queue) => queue.set_run(entry, at, now),
        }
    }

    /// An entry that answers is due for a refresh now.
    pub(crate) fn make_due(&mut self, entry: EntryRef) {
        if let Self::Differing(queue) = self {
            queue.make_due(entry);
        }
    }

    /// An entry that answers is kept from now on for calls that fail.
    pub(crate) fn end_answering(&mut self, entry: EntryRef, now: Time) {
        if let Self::Differing(queue) = self {
            queue.end_answering(entry, now);
        }
    }

    /// When an entry was stored, if that is known.
    pub(crate) fn stored_at(&self, entry: EntryRef) -> Option<Time> {
        match self {
            Self::Endless => None,
            Self::Equal(queue) => queue.stored_at(entry),
            Self::Differing(queue) => Some(queue.stored_at(entry)),
        }
    }

    /// How many entries have expired by `now`.
    pub(crate) fn count_expired(&self, now: Time) -> usize {
        match self {
            Self::Endless => 0,
            Self::Equal(queue) => queue.expired(now).count(),
            Self::Differing(queue) if !queue.next().has_passed(now) => 0,
            Self::Differing(queue) => queue.count_over(now),
        }
    }

    /// How many entries are kept for calls that fail.
    pub(crate) fn count_kept(&self, now: Time) -> usize {
        match self {
            Self::Endless | Self::Equal(_) => 0,
            Self::Differing(queue) => queue.count_kept(now),
        }
    }

    /// Nothing is due before this. It may be a lower bound.
    #[inline]
    pub(crate) fn next(&self) -> Time {
        match self {
            Self::Endless => Time::FOREVER,
            Self::Equal(queue) => queue.next(),
            Self::Differing(queue) => queue.next(),
        }
    }

    /// The moments that have come by `now`, at most `most` of them.
    pub(crate) fn pop_due(&mut self, now: Time, most: usize) -> SmallList<Due> {
        let mut due = SmallList::new();
        for _ in 0..most {
            let step = match self {
                Self::Endless => None,
                Self::Equal(queue) => queue.pop(now).map(Step::Expired),
                Self::Differing(queue) => queue.step(now),
            };
            match step {
                None => break,
                Some(Step::Sorted) => {}
                Some(Step::Expired(entry)) => due.push(Due::Expired(entry)),
                Some(Step::Hide(entry)) => due.push(Due::Hide(entry)),
            }
        }
        due
    }

    /// Shows `see` all entries that have a deadline.
    pub(crate) fn for_each(&self, see: impl FnMut(EntryRef)) {
        match self {
            Self::Endless => {}
            Self::Equal(queue) => queue.for_each(see),
            Self::Differing(queue) => queue.for_each(see),
        }
    }

    /// Gives memory back if most of it is unused.
    pub(crate) fn shrink(&mut self) {
        match self {
            Self::Endless => {}
            Self::Equal(queue) => queue.shrink(),
            Self::Differing(queue) => queue.shrink(),
        }
    }

    /// Checks that each of `len` entries, and no other, has a deadline. Each of them `is_valid`.
    #[cfg(debug_assertions)]
    pub(crate) fn check(&self, len: usize, is_valid: impl FnMut(EntryRef) -> bool) {
        match self {
            Self::Endless => {}
            Self::Equal(queue) => queue.check(len, is_valid),
            Self::Differing(queue) => queue.check(len, is_valid),
        }
    }
}

//! The protocol between a run and a tier: ask, perhaps wait for another process, and hold the right to keep the result.
//!
//! It is one state machine for callers that block and for callers that are polled. It knows bytes, and no types of a cache.

use crate::base::catch_panic::caught;
use crate::base::sync;
use crate::engine::below::Waits;
use crate::tier::counts::Counts;
use crate::tier::pending::Pending;
use crate::tier::record::Record;
use crate::tier::tier::{Answer, Asked, Kept, Lease, Tier};
use std::sync::Arc;
use std::time::Duration;

/// A cache's view of its tier for one key.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) tier: Arc<dyn Tier>,
    pub(crate) asked: Asked,
    pub(crate) counts: Arc<Counts>,
}

/// The end of a question.
pub(crate) enum Found {
    /// The tier has a record.
    Record(Record),
    /// The body is to run, and may keep its result with this lease.
    Lease(Held),
    /// The body is to run. The tier does not answer.
    Nothing,
}

impl Desk {
    /// Asks the tier. While another process has the lease of the key, it waits: until that one has kept or given up, and no
    /// longer than the lease lasts that it met first.
    pub(crate) async fn ask(self, waits: Waits) -> Found {
        let mut end = None;
        loop {
            let Some(answer) = within(self.question(), self.timeout(), waits).await else {
                self.counts.errors.add();
                return Found::Nothing;
            };
            let (pushed, until) = match answer {
                Answer::Hit(record) => return Found::Record(record),
                Answer::Yours(lease) => return Found::Lease(self.hold(Some(lease))),
                Answer::Theirs(pushed, until) => (pushed, until),
                Answer::Away => {
                    self.counts.errors.add();
                    return Found::Nothing;
                }
            };
            let now = sync::now();
            if end.is_none() {
                self.counts.waits.add();
            }
            let end = *end.get_or_insert_with(|| now.checked_add(until).unwrap_or(now));
            if end <= now {
                return Found::Nothing;
            }
            within(pushed, until.min(end - now), waits).await;
        }
    }

    /// The right to keep a result.
    pub(crate) fn hold(&self, lease: Option<Lease>) -> Held {
        Held { desk: Some(self.clone()), lease }
    }

    /// The question to the tier. If nobody waits for the answer any longer, its lease is given back.
    fn question(&self) -> Pending<Answer> {
        let pending = caught(|| self.tier.ask(&self.asked));
        let desk = self.clone();
        pending.unwrap_or_else(|| Pending::ready(Answer::Away)).or_give(move |answer| {
            if let Answer::Yours(lease) = answer {
                drop(desk.hold(Some(lease)));
            }
        })
    }

    fn timeout(&self) -> Duration {
        caught(|| self.tier.timeout()).unwrap_or_default()
    }
}

/// The value if it comes within this time.
async fn within<T: Send + 'static>(
    pending: Pending<T>,
    at_most: Duration,
    waits: Waits,
) -> Option<T> {
    let within = pending.within(at_most);
    match waits {
        Waits::Blocking => within.wait(),
        Waits::Polled => within.await,
    }
}

/// The right to keep a result. If it is dropped, its lease is given back.
pub(crate) struct Held {
    /// `None` once the result is kept.
    desk: Option<Desk>,
    lease: Option<Lease>,
}

impl Held {
    /// What it is the right for.
    pub(crate) fn asked(&self) -> Option<Asked> {
        self.desk.as_ref().map(|desk| desk.asked.clone())
    }

    /// Keeps a record. Nothing waits for that.
    pub(crate) fn keep(mut self, record: Record) {
        let Some(Desk { tier, asked, counts }) = self.desk.take() else { return };
        let kept = caught(|| tier.keep(&asked, record, self.lease));
        kept.unwrap_or_else(|| Pending::ready(Kept::Failed)).detach(move |kept| match kept {
            Kept::Stored => {}
            Kept::Refused => counts.refused.add(),
            Kept::Failed => counts.errors.add(),
        });
    }

    /// The result cannot be kept. That is counted.
    pub(crate) fn fail(self) {
        if let Some(desk) = &self.desk {
            desk.counts.errors.add();
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let lease = self.lease.filter(|lease| *lease != Lease::NONE);
        if let (Some(desk), Some(lease)) = (self.desk.take(), lease) {
            caught(|| desk.tier.release(&desk.asked, lease));
        }
    }
}

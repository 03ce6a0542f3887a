//! The protocol between a run and a tier: ask, perhaps wait for another process, and hold the right to keep the result.
//!
//! It is one state machine for callers that block and for callers that are polled. It knows bytes, and no types of a cache.

use crate::base::catch_panic::caught;
use crate::base::sync;
use crate::engine::below::{How, Waits};
use crate::tier::counts::Counts;
use crate::tier::pending::Pending;
use crate::tier::record::Record;
use crate::tier::tier::{Answer, Asked, Forget, Kept, Lease, Tier};
use crate::tier::under_way::UnderWay;
use crate::tier::wall::Began;
use std::sync::Arc;
use std::time::Duration;

/// A call waits for so many leases of others, one after the other.
const LEASES: u32 = 3;

/// A cache's view of its tier for one key.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) tier: Arc<dyn Tier>,
    pub(crate) asked: Asked,
    pub(crate) counts: Arc<Counts>,
    pub(crate) under_way: Arc<UnderWay>,
}

/// The end of a question.
pub(crate) enum Found {
    /// The tier has a record.
    Record(Record),
    /// The body is to run, and may keep its result with this lease.
    Lease(Held),
    /// The body is to run, and keeps nothing. The tier does not answer.
    Nothing(Held),
}

impl Desk {
    /// Asks the tier; after a record that does not do, for a lease alone.
    ///
    /// While another process has the lease of the key, it waits until that one has kept its result or given up. If that process
    /// does not come back, its lease ends, and the next one has it. The wait is no longer than [`LEASES`] leases.
    pub(crate) async fn ask(self, waits: Waits, mut old: Option<Record>) -> Found {
        let (mut since, mut longest) = (None, Duration::ZERO);
        let mut pause = Duration::from_millis(1);
        loop {
            let Some(answer) = within(self.question(old.as_ref()), self.timeout(), waits).await
            else {
                self.counts.errors.add();
                return Found::Nothing(self.without_tier());
            };
            let (pushed, until) = match answer {
                Answer::Hit(record) => return Found::Record(record),
                Answer::Yours(lease) => return Found::Lease(self.hold(Some(lease))),
                Answer::Theirs(..) if waits.for_many => {
                    self.counts.misses.add();
                    return Found::Nothing(self.without_tier());
                }
                Answer::Theirs(pushed, until) => (pushed, until),
                Answer::Away => {
                    self.counts.errors.add();
                    return Found::Nothing(self.without_tier());
                }
            };
            old = None;
            let now = sync::now();
            if since.is_none() {
                self.counts.waits.add();
            }
            let waited = now.saturating_duration_since(*since.get_or_insert(now));
            longest = longest.max(until);
            let left = longest.saturating_mul(LEASES).saturating_sub(waited);
            // A run of this process that has the lease may be a future that nobody polls.
            if left.is_zero() || self.under_way.has_lease(self.asked.digest()) {
                self.counts.misses.add();
                return Found::Nothing(self.without_tier());
            }
            let is_pushed = within(pushed, until.min(left), waits).await.is_some();
            if is_pushed && sync::now().saturating_duration_since(now) < pause {
                // A tier that says so at once, again and again, is not asked in a loop.
                let (_promise, never) = Pending::promised(());
                within(never, pause.min(left), waits).await;
                pause = pause.saturating_mul(2);
            }
        }
    }

    /// Asks for the right of a run that begins whether there is a record or not.
    pub(crate) async fn begin(self, waits: Waits) -> Held {
        let answer = self.given_back(caught(|| self.tier.begin(&self.asked)));
        let Some(Answer::Yours(lease)) = within(answer, self.timeout(), waits).await else {
            self.counts.errors.add();
            return self.without_tier().replacing();
        };
        self.hold((lease != Lease::NONE).then_some(lease)).replacing()
    }

    /// No right: the result is for the cache alone.
    pub(crate) fn without_tier(&self) -> Held {
        let mut held = self.hold(None);
        held.is_for_tier = false;
        held
    }

    /// The right to keep a result.
    pub(crate) fn hold(&self, lease: Option<Lease>) -> Held {
        let has_lease = lease.is_some_and(|lease| lease != Lease::NONE);
        let serial = self.under_way.begin(self.asked.digest(), has_lease);
        Held {
            desk: self.clone(),
            lease,
            serial,
            began: Began::now(),
            is_for_tier: true,
            replaces: false,
            is_kept: false,
        }
    }

    /// Has the tier forget the key.
    pub(crate) fn forget(&self) {
        caught(|| self.tier.forget(Forget::Key(&self.asked)));
    }

    /// The tier is told that the cache has a result without it.
    pub(crate) fn bypassed(&self) {
        caught(|| self.tier.bypassed(&self.asked));
    }

    fn question(&self, old: Option<&Record>) -> Pending<Answer> {
        let (tier, asked) = (&self.tier, &self.asked);
        self.given_back(caught(|| old.map_or_else(|| tier.ask(asked), |old| tier.lend(asked, old))))
    }

    /// If nobody waits for the answer any longer, its lease is given back.
    fn given_back(&self, answer: Option<Pending<Answer>>) -> Pending<Answer> {
        let desk = self.clone();
        answer.unwrap_or_else(|| Pending::ready(Answer::Away)).or_give(move |answer| {
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
    mut pending: Pending<T>,
    at_most: Duration,
    waits: Waits,
) -> Option<T> {
    match waits.how {
        How::Blocking if !waits.for_many => return pending.wait_for(at_most),
        How::Blocking => pending.do_work(),
        How::Polled => {}
    }
    pending.within(at_most).await
}

/// The right to keep a result. If it is dropped, its lease is given back.
pub(crate) struct Held {
    desk: Desk,
    lease: Option<Lease>,
    /// The serial of the key when the run began.
    serial: u64,
    began: Began,
    /// Otherwise the tier has not answered.
    is_for_tier: bool,
    /// An older record must not answer in place of the result.
    replaces: bool,
    is_kept: bool,
}

impl Held {
    fn replacing(mut self) -> Self {
        self.replaces = true;
        self
    }

    pub(crate) fn is_for_tier(&self) -> bool {
        self.is_for_tier
    }

    /// The tier is told that the cache has a result without it.
    pub(crate) fn bypass(self) {
        if self.replaces {
            self.desk.forget();
        }
        self.desk.bypassed();
    }

    /// The call that it is the right for.
    pub(crate) fn asked(&self) -> &Asked {
        &self.desk.asked
    }

    /// When the run began.
    pub(crate) fn began(&self) -> Began {
        self.began
    }

    /// Keeps a record, unless its key was forgotten meanwhile or a later run has kept its own. Nothing waits for that.
    pub(crate) fn keep(mut self, record: Record) {
        let Desk { tier, asked, counts, under_way } = &self.desk;
        let Some(serial) = under_way.keeps(asked.digest(), self.serial) else {
            counts.refused.add();
            return;
        };
        self.is_kept = true;
        let counts = Arc::clone(counts);
        let replaces = self.replaces.then(|| self.desk.clone());
        counts.keeps.begin();
        let kept = caught(|| tier.keep(asked, record, self.lease));
        kept.unwrap_or_else(|| Pending::ready(Kept::Failed)).detach(move |kept| {
            match kept {
                Kept::Stored => {}
                Kept::Refused => counts.refused.add(),
                Kept::Failed => {
                    counts.errors.add();
                    replaces.iter().for_each(Desk::forget);
                }
            }
            counts.keeps.end();
        });
        if !under_way.is_at(asked.digest(), serial) {
            // It was forgotten while the tier was told to keep it.
            self.desk.forget();
        }
    }

    /// The result cannot be kept. That is counted.
    pub(crate) fn fail(self) {
        self.desk.counts.errors.add();
        self.bypass();
    }

    fn has_lease(&self) -> bool {
        self.lease.is_some_and(|lease| lease != Lease::NONE)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.desk.under_way.end(self.desk.asked.digest(), self.has_lease());
        if let (false, true, Some(lease)) = (self.is_kept, self.has_lease(), self.lease) {
            caught(|| self.desk.tier.release(&self.desk.asked, lease));
        }
    }
}

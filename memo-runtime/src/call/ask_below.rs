//! A run that asks what stands below its cache, before its body runs, and keeps its result there.
//!
//! It knows runs and lives. It must not know bytes, or how a tier answers.

use crate::base::stopwatch::Ran;
use crate::call::answer::AnyAnswer;
use crate::call::result_policy::{AnyResult, Offer};
use crate::call::run::PackedRun;
use crate::call::run_guard::{Renewed, Role, RunGuard};
use crate::call::span::Outcome;
use crate::engine::below::{AnyValue, Asked, Given, Hold, Question, Reply, Waits};
use crate::engine::engine::EnginePtr;
use crate::entry::entry::EntryPtr;
use crate::scope::scope::Scope;
use crate::store::freshness::Life;
use std::future::poll_fn;
use std::ops::ControlFlow;
use std::ptr::NonNull;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

/// A value from below that answers, and its life in the cache, which is shorter by its age.
pub(crate) struct Young {
    value: Box<dyn AnyValue>,
    age: Duration,
    life: Life,
}

/// The right of a run to keep its result below, and the tags to keep it with.
pub(crate) struct Held {
    hold: Option<Box<dyn Hold>>,
    tags: Vec<Arc<str>>,
    /// A value whose time to live has ended, and which answers if the run fails.
    old: Option<Young>,
}

/// A question under way, and what is known already.
pub(super) struct Asking {
    question: Question,
    /// A value that is kept for a run that fails.
    old: Option<Young>,
    /// How many values were too old.
    times: u8,
}

impl Asking {
    /// So many values may be too old. Then the body runs, and keeps nothing below.
    const MOST: u8 = 3;

    fn new(question: Question) -> Self {
        Self { question, old: None, times: 0 }
    }
}

/// How a value from below stands.
enum Standing {
    /// It answers.
    Young(Life),
    /// It is too old. It is kept with this life for a run that fails.
    Kept(Life),
    TooOld,
}

impl Young {
    pub(super) fn value(&self) -> &dyn AnyValue {
        &*self.value
    }

    pub(super) fn age(&self) -> Duration {
        self.age
    }
}

impl<S: Scope> RunGuard<'_, S> {
    /// Asks for the value of the run's key, if something stands below the cache. A run in the flight of another does not
    /// ask: that one has asked.
    pub(super) fn asking(&self, waits: Waits) -> Option<Asking> {
        let below = self.engine.below.as_ref()?;
        let asks = matches!(self.role, Role::Owner | Role::Renewer(_)) && self.flight.is_some();
        asks.then(|| Asking::new(below.ask(self.entry.entry_ref(), waits)))
    }

    /// Asks, and blocks the thread. Without a value the body is to run.
    pub(super) fn ask_and_block(&mut self) -> Option<Young> {
        let mut asking = self.asking(Waits::BLOCKING)?;
        match self.poll_question(&mut asking, &mut Context::from_waker(Waker::noop())) {
            Poll::Ready(young) => young,
            // A blocking question is ready at once.
            Poll::Pending => None,
        }
    }

    /// Asks. The waiters of the run see that it is polled.
    pub(super) async fn ask(&mut self) -> Option<Young> {
        let mut asking = self.asking(Waits::POLLED)?;
        loop {
            let reply = self.reply_to(&mut asking.question).await;
            if let ControlFlow::Break(young) = self.take(reply, &mut asking) {
                return young;
            }
        }
    }

    /// Polls a question to its end: a value from below, or none. Then the body is to run.
    pub(super) fn poll_question(
        &mut self,
        asking: &mut Asking,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Young>> {
        loop {
            let reply = ready!(asking.question.as_mut().poll(cx));
            if let ControlFlow::Break(young) = self.take(reply, asking) {
                return Poll::Ready(young);
            }
        }
    }

    /// Polls a question as a part of the run.
    async fn reply_to(&mut self, question: &mut Question) -> Reply {
        // Mutable: a run is `Send` and not `Sync`, and so must the future be.
        let run = &mut *self;
        poll_fn(move |cx| {
            let (_here, mut polled) = (run.here(), Poll::Pending);
            run.poll(cx, &mut |cx| {
                polled = question.as_mut().poll(cx);
                polled.is_ready()
            });
            polled
        })
        .await
    }

    /// Asks, and ends the run if there is a value. Returns whether there is.
    pub(super) async fn is_given(&mut self) -> bool {
        let young = self.ask().await;
        let _here = self.here();
        young.map(|young| self.finish_given(young)).is_some()
    }

    /// Has a run that begins in any case keep its result, if something stands below the cache. Blocks the thread.
    pub(super) fn begin_below_and_block(&mut self) {
        let Some(below) = &self.engine.below else { return };
        let mut question = below.begin(self.entry.entry_ref(), Waits::BLOCKING);
        let reply = question.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        if let Poll::Ready(Reply::Run(hold)) = reply {
            self.set_held(hold, None);
        }
    }

    /// [`begin_below_and_block`](Self::begin_below_and_block), and is polled.
    pub(super) async fn begin_below(&mut self) {
        let Some(below) = &self.engine.below else { return };
        let mut question = below.begin(self.entry.entry_ref(), Waits::POLLED);
        if let Reply::Run(hold) = self.reply_to(&mut question).await {
            self.set_held(hold, None);
        }
    }

    fn note(&self, asked: Asked) {
        if let Some(below) = &self.engine.below {
            below.note(asked);
        }
    }

    fn set_held(&mut self, hold: Option<Box<dyn Hold>>, old: Option<Young>) {
        if hold.is_none() && old.is_none() {
            return;
        }
        // The entry has its tags while it is under way.
        let tags = self.engine.core.tags_of(self.entry.entry_ref());
        self.held = Some(Box::new(Held { hold, tags, old }));
    }

    /// Takes a reply. Continues if the question is to be asked once more.
    fn take(&mut self, reply: Reply, asking: &mut Asking) -> ControlFlow<Option<Young>> {
        let given = match reply {
            Reply::Given(given) => given,
            Reply::Run(hold) => {
                if asking.old.is_some() || hold.as_ref().is_some_and(|hold| hold.is_miss()) {
                    self.note(Asked::Miss);
                }
                self.set_held(hold, asking.old.take());
                return ControlFlow::Break(None);
            }
        };
        let standing = self.standing_of(&given);
        let Given { value, age, again, .. } = given;
        let life = match standing {
            Standing::Young(life) => {
                self.note(Asked::Hit);
                return ControlFlow::Break(Some(Young { value, age, life }));
            }
            Standing::Kept(life) => Some(life),
            Standing::TooOld => None,
        };
        asking.old = life.map(|life| Young { value, age, life }).or(asking.old.take());
        asking.times += 1;
        if asking.times > Asking::MOST {
            self.note(Asked::Miss);
            self.set_held(None, asking.old.take());
            return ControlFlow::Break(None);
        }
        asking.question = again();
        ControlFlow::Continue(())
    }

    /// How a value stands that has lived already. One that is due does not renew another.
    fn standing_of(&self, given: &Given) -> Standing {
        let lives = &self.engine.lives;
        if given.rest.is_zero() && !lives.keeps() {
            return Standing::TooOld;
        }
        if !lives.differ {
            return Standing::Young(Life::ENDLESS);
        }
        #[expect(unsafe_code, reason = "an engine has no types")]
        // SAFETY: what stands below an engine gives values of its type.
        let whole = unsafe { lives.of(given.value.value()) };
        let left = |time: Duration| {
            if time == Duration::MAX { time } else { time.saturating_sub(given.age) }
        };
        let length = left(whole.length).min(given.rest);
        let life = Life { length, fresh: left(whole.fresh), ..whole };
        let renews = matches!(self.role, Role::Renewer(_));
        if !life.is_empty() {
            let is_due = renews && life.fresh.is_zero();
            return if is_due { Standing::TooOld } else { Standing::Young(life) };
        }
        let kept = left(whole.length.saturating_add(whole.kept));
        if renews || kept.is_zero() || whole.kept.is_zero() {
            return Standing::TooOld;
        }
        // It answers until the next attempt.
        let length = lives.retry_after().unwrap_or(kept).min(kept);
        Standing::Kept(Life {
            length,
            fresh: Duration::MAX,
            kept: kept.saturating_sub(length),
            ..whole
        })
    }

    /// Ends a run that has failed with an old value from below, if there is one. That is then in the entry of the run.
    pub(super) fn ends_with_old_value(&mut self) -> bool {
        let Some(held) = &mut self.held else { return false };
        // It was forgotten during the run.
        if self.entry.is_invalidated() {
            return false;
        }
        let Some(Young { value, age, life }) = held.old.take() else { return false };
        if !self.land(&mut FromBelow(value), Some(&life), Ran::GIVEN) || !self.entry.has_value() {
            return false;
        }
        self.engine.core.count_answered_failure();
        let old = Renewed::answering(EntryPtr::clone(&self.entry), age);
        self.role = Role::Done(Some(Box::new(old)));
        true
    }

    /// Ends the run with a value from below. The body has not run.
    pub(super) fn finish_given(&mut self, young: Young) {
        let Young { value, life, .. } = young;
        if self.land(&mut FromBelow(value), Some(&life), Ran::GIVEN) {
            self.end();
        }
    }

    /// Tells what stands below of a value that this run has stored in the flight of another one. That one alone has the right
    /// to keep it, and may never end.
    pub(super) fn tell_of_value(&self) {
        if let Some(below) = self.engine.below.as_ref().filter(|_| self.entry.is_stored()) {
            below.bypassed(self.entry.entry_ref());
        }
    }

    /// Keeps a result, unless it was forgotten during the run. The waiters have it already.
    #[cold]
    pub(super) fn keep_below(&self, held: Held, result: &dyn AnyResult, life: &Life, ran: Ran) {
        let Some(value) = result.value().filter(|_| !self.entry.is_invalidated()) else { return };
        if life.is_empty() {
            return;
        }
        let Held { hold: Some(right), tags, .. } = held else { return };
        #[expect(unsafe_code, reason = "an engine has no types")]
        // SAFETY: the result is of the engine's type.
        unsafe {
            right.keep(value, life, &tags, ran.sample());
        }
    }
}

/// A blocking run, unless what stands below has the value: then that is in the answer, and its age is returned.
pub(super) fn run_or_ask<'c, S: Scope>(
    mut guard: RunGuard<'c, S>,
    engine: &'c EnginePtr<S>,
    answer: &mut dyn AnyAnswer<S>,
) -> Result<PackedRun<'c, S>, Duration> {
    if let Some(young) = guard.ask_and_block() {
        let age = young.age();
        answer.put_given(young.value());
        guard.finish_given(young);
        return Err(age);
    }
    Ok(PackedRun::start(guard, engine))
}

/// A value from below as the result of a run.
struct FromBelow(Box<dyn AnyValue>);

impl AnyResult for FromBelow {
    fn is_stored(&self) -> bool {
        true
    }

    fn refusal(&self) -> Outcome {
        Outcome::Rejected
    }

    fn share(&mut self) -> Offer<()> {
        Offer::Value(())
    }

    fn value(&self) -> Option<NonNull<()>> {
        Some(self.0.value())
    }

    fn write(&mut self, to: NonNull<()>) {
        self.0.write(to);
    }
}

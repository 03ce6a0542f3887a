//! A call that is no plain hit: its result, a run of the body, or a wait for another run.
//!
//! It decides for blocking and for async calls. They differ in how they wait. It is compiled once: the key is an
//! [`AnyQuery`], and the result goes to an [`AnyAnswer`].

use crate::base::sync::Arc;
use crate::call::answer::AnyAnswer;
use crate::call::run_guard::{Renewed, Role, RunGuard};
use crate::engine::core::{Found, NewEntry, NewTags, Renewer};
use crate::engine::engine::Engine;
use crate::engine::query::AnyQuery;
use crate::engine::state::Aged;
use crate::entry::entry::{EntryPtr, UnstoredEntry};
use crate::flight::flight::FlightId;
use crate::flight::wait::{Landing, Wait, Waited};
use crate::scope::runners::Runner;
use crate::scope::scope::Scope;
use std::time::Duration;

/// A call that is no plain hit.
pub(crate) struct SlowPath<'c, S: Scope> {
    engine: &'c Engine<S>,
    hash: u64,
    /// The entry made from the query. It has a guard before its flight starts, so that there is always one to end the
    /// flight.
    guard: Option<RunGuard<'c, S>>,
    /// The tags to file that entry with.
    tags: NewTags,
    /// The runner of the call's own run, if that is async.
    polled: Option<Runner>,
    /// It waited for a run that was abandoned or stalled.
    has_waited: bool,
    /// The age of the value that answered it, if that is due for a refresh.
    old: Option<Aged>,
}

/// Another run, which may answer a call.
pub(crate) struct Joined<S: Scope> {
    entry: EntryPtr<S>,
    id: FlightId,
    pub(crate) wait: Arc<Wait>,
    pub(crate) patience: Duration,
}

/// The types of a call, which a step uses.
pub(crate) struct Types<'a, S> {
    pub(crate) query: &'a mut dyn AnyQuery,
    pub(crate) answer: &'a mut dyn AnyAnswer<S>,
}

/// The next step of a call.
pub(crate) enum Step<'c, S: Scope> {
    /// The result is in the answer.
    Answered,
    /// Run the body.
    Run(RunGuard<'c, S>),
    /// Wait, and then go on with [`after_wait`](SlowPath::after_wait).
    Wait(Joined<S>),
}

/// The end of a wait.
pub(crate) enum WaitEnd<'c, S: Scope> {
    /// A result, or a run beside the other one.
    Step(Step<'c, S>),
    /// Go on with [`look_up_and_start`](SlowPath::look_up_and_start): the other run has left nothing.
    Again,
    /// Go on with [`compute`](SlowPath::compute): the other run has failed.
    Alone,
}

impl<'c, S: Scope> SlowPath<'c, S> {
    #[inline]
    pub(crate) fn new(engine: &'c Engine<S>, polled: Option<Runner>) -> Self {
        Self {
            engine,
            hash: 0,
            guard: None,
            tags: NewTags::default(),
            polled,
            has_waited: false,
            old: None,
        }
    }

    /// [`begin`](Self::begin) with an entry made before. Something else is filed under its hash.
    #[cold]
    pub(crate) fn begin_with(
        &mut self,
        hash: u64,
        (entry, tags): (UnstoredEntry<S>, NewTags),
        types: &mut Types<'_, S>,
    ) -> Step<'c, S> {
        self.tags = tags;
        self.guard = Some(RunGuard::new(self.engine, entry, Role::Owner, self.polled));
        self.begin(hash, false, types)
    }

    /// [`begin`](Self::begin) in a cache whose hits are [checked](crate::engine::purity).
    #[cold]
    pub(crate) fn begin_checked(&mut self, hash: u64, types: &mut Types<'_, S>) -> Step<'c, S> {
        match self.engine.hit_with_age(hash, &|entry| types.query.matches(entry)) {
            Some((entry, _)) => self.checked(entry, types),
            None => self.begin(hash, false, types),
        }
    }

    /// Answers a hit, or runs the body to check it.
    pub(crate) fn checked(&self, entry: EntryPtr<S>, types: &mut Types<'_, S>) -> Step<'c, S> {
        let Some(checker) = self.engine.checker().filter(|checker| checker.is_turn()) else {
            types.answer.put_value(entry.entry_ref());
            return Step::Answered;
        };
        types.query.discard();
        let role = Role::check(checker, self.polled.is_some());
        Step::Run(RunGuard::new(self.engine, UnstoredEntry::new(entry), role, self.polled))
    }

    /// Looks the call up. `is_absent` says that a look-up without the lock has found nothing.
    pub(crate) fn begin(
        &mut self,
        hash: u64,
        is_absent: bool,
        types: &mut Types<'_, S>,
    ) -> Step<'c, S> {
        self.hash = hash;
        if is_absent {
            // The entry is made at once: another look-up would find nothing again.
            if let Some(id) = self.start_absent(types.query) {
                return self.run(Some(id));
            }
        }
        self.look_up_and_start(types)
    }

    /// Looks the call up under the lock. If nothing is found, starts its flight.
    pub(crate) fn look_up_and_start(&mut self, types: &mut Types<'_, S>) -> Step<'c, S> {
        let mut found = self.look_up(types.query);
        loop {
            return match found {
                Found::Hit(entry) => {
                    if self.has_waited {
                        self.engine.core.count_waited();
                    }
                    types.answer.put_value(entry.entry_ref());
                    Step::Answered
                }
                Found::Absent => {
                    self.make_guard(types.query);
                    found = self.look_up(types.query);
                    continue;
                }
                Found::Lead(id, old) => {
                    if let (Some(old), Some(guard)) = (old, &mut self.guard) {
                        guard.renew(Renewed::kept(old));
                    }
                    self.run(Some(id))
                }
                Found::Reentry(entry, id) => self.run_beside(entry, id, Role::Guest, types.query),
                Found::Join(entry, id, wait, patience) => {
                    Step::Wait(Joined { entry, id, wait, patience })
                }
                Found::Compact => {
                    if self.hit_compact(types) {
                        return Step::Answered;
                    }
                    // Its key is another one, or the thread cannot read it now.
                    self.engine.core.expand();
                    found = self.look_up(types.query);
                    continue;
                }
                Found::Due(old, aged) => self.renew(&old, aged, types),
                Found::Stale(old, aged) => self.answer_by_old(&old, aged, types),
            };
        }
    }

    /// Answers with a [compact](crate::store::compact) entry, which was stored since the call was looked up without the lock.
    /// Returns whether there is one.
    #[cold]
    fn hit_compact(&self, types: &mut Types<'_, S>) -> bool {
        let Types { query, answer } = types;
        let (engine, own) = (self.engine, self.guard.as_ref().map(|guard| guard.entry.face()));
        let matches = |entry| match own {
            Some(own) => engine.equal()(entry, own),
            None => query.matches(entry),
        };
        let answer = |entry| answer.put_found(entry);
        let is_hit = engine.hit(engine.types().is_plain, self.hash, matches, answer).is_ok();
        if is_hit && self.has_waited {
            engine.core.count_waited();
        }
        is_hit
    }

    /// Goes on with a stored value that is due for a refresh. One call has the body run, by itself or in the background,
    /// and the others are answered.
    #[cold]
    fn renew(&mut self, old: &EntryPtr<S>, aged: Aged, types: &mut Types<'_, S>) -> Step<'c, S> {
        let engine = self.engine;
        let renewer = engine.renewer();
        let guard = self.make_guard(types.query);
        if renewer == Renewer::Background {
            guard.run_by(Runner::new_run());
        }
        let id = self.fresh().and_then(|fresh| engine.renew(old, fresh, renewer));
        // If there is no flight, another call was faster.
        let renewal = self.guard.take().filter(|_| id.is_some()).map(|mut guard| {
            guard.flight = id;
            guard.renew(Renewed::due(EntryPtr::clone(old), renewer));
            guard
        });
        let handed = match renewal {
            Some(guard) if renewer == Renewer::Caller => return Step::Run(guard),
            handed => handed,
        };
        let answered = self.answer_by_old(old, aged, types);
        if let Some(handed) = handed {
            types.answer.hand_over(handed);
        }
        answered
    }

    /// Answers with a value that is no longer fresh.
    fn answer_by_old(
        &mut self,
        old: &EntryPtr<S>,
        aged: Aged,
        types: &mut Types<'_, S>,
    ) -> Step<'c, S> {
        self.old = Some(aged);
        if self.has_waited {
            self.engine.core.count_waited();
        }
        types.answer.put_value(old.entry_ref());
        Step::Answered
    }

    /// The age of the value that answered the call, if that was due for a refresh.
    pub(crate) fn answered_by_old(&self) -> Option<Aged> {
        self.old
    }

    /// Goes on after a wait.
    pub(crate) fn after_wait(
        &mut self,
        joined: Joined<S>,
        waited: Waited,
        types: &mut Types<'_, S>,
    ) -> Step<'c, S> {
        match self.end_wait(joined, waited, types) {
            WaitEnd::Step(step) => step,
            WaitEnd::Again => self.look_up_and_start(types),
            WaitEnd::Alone => self.compute(types.query),
        }
    }

    /// Ends a wait, and starts no flight.
    pub(crate) fn end_wait(
        &mut self,
        joined: Joined<S>,
        waited: Waited,
        types: &mut Types<'_, S>,
    ) -> WaitEnd<'c, S> {
        let Joined { entry, id, wait, .. } = joined;
        match waited {
            Waited::Landed(Landing::Value) => {
                self.engine.core.count_coalesced(Some(entry.entry_ref()));
                types.answer.put_value(entry.entry_ref());
                WaitEnd::Step(Step::Answered)
            }
            Waited::Landed(Landing::Error(error)) => {
                drop((entry, wait));
                // The policy may share errors.
                if !types.answer.put_error(&error) {
                    return WaitEnd::Alone;
                }
                self.engine.core.count_coalesced(None);
                WaitEnd::Step(Step::Answered)
            }
            Waited::Landed(Landing::Failed) => {
                drop((entry, wait));
                WaitEnd::Alone
            }
            Waited::Landed(Landing::Abandoned) => {
                drop((entry, wait));
                self.has_waited = true;
                WaitEnd::Again
            }
            Waited::Stalled => {
                self.engine.core.detach_waiters(id);
                drop((entry, wait));
                self.has_waited = true;
                WaitEnd::Again
            }
            Waited::Help => {
                self.engine.core.count_helper();
                WaitEnd::Step(self.run_beside(entry, id, Role::Helper(wait), types.query))
            }
            Waited::Circular => {
                self.engine.core.count_helper();
                WaitEnd::Step(self.run_beside(entry, id, Role::Guest, types.query))
            }
        }
    }

    /// Runs the body after a wait in vain, in a flight that nobody joins.
    pub(crate) fn compute(&mut self, query: &mut dyn AnyQuery) -> Step<'c, S> {
        self.make_guard(query);
        let id = self.fresh().map(|fresh| self.engine.core.start_unjoined(fresh));
        self.run(id)
    }

    fn look_up(&self, query: &dyn AnyQuery) -> Found<EntryPtr<S>> {
        match &self.guard {
            None => self.engine.look_up(self.hash, &|entry| query.matches(entry), None),
            Some(guard) => {
                let equals = self.engine.equal_to(guard.entry.entry_ref());
                self.engine.look_up(self.hash, &equals, self.fresh())
            }
        }
    }

    /// Starts a flight if nothing is filed under the hash. It registers the thread: an async call may be polled by
    /// another thread than the one that looked.
    fn start_absent(&mut self, query: &mut dyn AnyQuery) -> Option<FlightId> {
        self.make_guard(query);
        self.engine.core.start_absent(self.fresh()?, false).map(|(id, _)| id)
    }

    /// Makes the entry, if there is none.
    fn make_guard(&mut self, query: &mut dyn AnyQuery) -> &mut RunGuard<'c, S> {
        let Self { engine, hash, polled, .. } = *self;
        self.guard.get_or_insert_with(|| {
            let (entry, tags) = engine.fresh(hash, query);
            self.tags = tags;
            RunGuard::new(engine, entry, Role::Owner, polled)
        })
    }

    /// The entry that was made, to be filed.
    fn fresh(&self) -> Option<NewEntry<'_>> {
        let guard = self.guard.as_ref()?;
        Some(NewEntry::new(&guard.entry, &self.tags, guard.runner()))
    }

    /// Runs the body in the call's own flight.
    fn run(&mut self, id: Option<FlightId>) -> Step<'c, S> {
        let mut guard = self.guard.take().expect("a flight has an entry");
        guard.flight = id;
        Step::Run(guard)
    }

    /// Runs the body in the flight of another run.
    fn run_beside(
        &mut self,
        entry: EntryPtr<S>,
        id: FlightId,
        role: Role<S>,
        query: &mut dyn AnyQuery,
    ) -> Step<'c, S> {
        // The call's own key is of no use now. It is dropped before there is a run: see `AnyQuery::discard`.
        self.guard = None;
        query.discard();
        let entry = UnstoredEntry::new(entry);
        let mut guard = RunGuard::new(self.engine, entry, role, self.polled);
        guard.flight = Some(id);
        Step::Run(guard)
    }
}

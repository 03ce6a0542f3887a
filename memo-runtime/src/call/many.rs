//! One call for many keys, whose body computes all that are missing.
//!
//! Each key is a call of its own: it hits, joins a run under way, or starts a flight. Then the call goes on in rounds:
//!
//! ```text
//! start ──► ask below (`ask_many`) ──► run the body for all flights ──► land them ──► wait for the runs of others ──► all answered
//!   ▲                                                          │
//!   └──── a run has left no value: look its key up again ◄─────┘
//! ```
//!
//! **A call never waits while it holds a flight.** So two of them that need each other's keys do not wait in a circle,
//! whatever the order of their keys. A wait that ends with a run in place of a value stops the waiting: that run is next.
//!
//! It knows one engine, and no keys but by number. It must not know what the body takes or returns.

use crate::base::catch_panic::FirstPanic;
use crate::base::small_list::SmallList;
use crate::base::sync::Arc;
use crate::call::answer::{Answer, AnswerFrom};
use crate::call::async_call::{Ahead, step_of};
use crate::call::result_policy::{OkOnly, RunResult};
use crate::call::run_guard::RunGuard;
use crate::call::slow_path::{Joined, SlowPath, Step, Types, WaitEnd};
use crate::engine::hit::{Miss, Reason};
use crate::engine::query::Query;
use crate::engine::typed::TypedEngine;
use crate::flight::poll::Leaders;
use crate::flight::wait::{Wait, Waited};
use crate::flight::wait_graph::{self, Following};
use crate::key::lookup::Lookup;
use crate::scope::runners::{PolledRun, Runner};
use crate::scope::scope::Scope;
use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::mem;
use std::ops::ControlFlow;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

/// A call for many keys. A key is known by its number in the order asked.
pub(crate) struct Many<'c, Q, K, V, S: Scope> {
    pub(super) engine: &'c TypedEngine<K, V, S>,
    /// The runner of all runs of the call, if they are async.
    pub(super) polled: Option<Runner>,
    /// The runs of the next body, in the order asked. A key that bypasses the cache has no guard.
    pub(super) runs: Vec<ManyRun<'c, S>>,
    /// The keys to look up.
    ready: Vec<(usize, Ready<'c, Q, V, S>)>,
    /// The keys that others compute.
    waits: VecDeque<Awaited<'c, Q, V, S>>,
    pub(super) answers: Vec<Option<V>>,
    /// Keys that were asked for before in this call, and the number of the first.
    repeated: Vec<(usize, usize)>,
    is_bypass: bool,
}

/// The number of a key, and its run.
pub(super) type ManyRun<'c, S> = (usize, Option<RunGuard<'c, S>>);

/// The call of one key.
struct Call<'c, Q, V, S: Scope> {
    query: Query<Q, V>,
    path: SlowPath<'c, S>,
}

type Awaited<'c, Q, V, S> = (usize, Call<'c, Q, V, S>, Joined<S>);

/// How to go on with a key.
enum Ready<'c, Q, V, S: Scope> {
    /// A look-up without the lock had no result, for this reason. The hash of the key is known.
    Begin(Call<'c, Q, V, S>, u64, Reason),
    /// Look it up again.
    LookUp(Call<'c, Q, V, S>),
    /// Compute it in a flight that nobody joins.
    Compute(Call<'c, Q, V, S>),
}

impl<'c, Q, K, V, S> Many<'c, Q, K, V, S>
where
    Q: Lookup<Key = K>,
    V: Clone,
    S: Scope,
{
    /// Asks for all these keys. `is_same` compares two of them by their numbers.
    pub(crate) fn new(
        engine: &'c TypedEngine<K, V, S>,
        queries: impl Iterator<Item = Q>,
        is_same: impl Fn(usize, usize) -> bool,
        is_async: bool,
    ) -> Self {
        let polled = is_async.then(Runner::new_run);
        let (mut answers, mut ready, mut repeated) = (Vec::new(), Vec::new(), Vec::new());
        let (is_bypass, mut runs) = (engine.engine().core.is_off(), Vec::new());
        let mut missing = HashMap::<u64, SmallList<usize>>::new();
        for (number, query) in queries.enumerate() {
            let hash = engine.hash(|state| query.hash(state));
            let answer = if is_bypass {
                Err(Miss::without_look())
            } else {
                engine.hit(hash, &query, V::clone)
            };
            if let Err(miss) = &answer {
                let numbers = missing.entry(hash).or_insert_with(SmallList::new);
                let first = numbers.iter().copied().find(|first| is_same(*first, number));
                if let Some(first) = first {
                    repeated.push((number, first));
                } else {
                    numbers.push(number);
                    if is_bypass {
                        runs.push((number, None));
                        answers.push(None);
                        continue;
                    }
                    let path = SlowPath::new(engine.engine(), polled);
                    let call = Call { query: engine.query(query), path };
                    ready.push((number, Ready::Begin(call, hash, miss.reason)));
                }
            }
            answers.push(answer.ok());
        }
        if is_bypass {
            engine.engine().core.count_bypassed(answers.len() as u64);
        }
        Self { engine, polled, runs, ready, waits: VecDeque::new(), answers, repeated, is_bypass }
    }

    /// Notes that user code is a part of the call's run, until the returned value is dropped. While the call holds
    /// flights, that code may ask for the same keys.
    pub(crate) fn here(&self) -> Option<PolledRun> {
        self.polled.map(PolledRun::enter)
    }

    /// Looks up all keys that are ready. The missing ones are to be run.
    pub(super) fn look_up(&mut self) {
        let is_inside_run = Runner::is_inside_run();
        let here = self.here();
        for (number, ready) in mem::take(&mut self.ready) {
            let (call, mut step) = match ready {
                Ready::Begin(mut call, hash, reason) => {
                    let is_absent = reason == Reason::Absent;
                    let step =
                        self.step_of(&mut call, |path, types| path.begin(hash, is_absent, types));
                    (call, step)
                }
                Ready::LookUp(mut call) => {
                    let step = self.step_of(&mut call, SlowPath::look_up_and_start);
                    (call, step)
                }
                Ready::Compute(mut call) => {
                    let step = self.step_of(&mut call, |path, types| path.compute(types.query));
                    (call, step)
                }
            };
            if let ControlFlow::Continue(Ahead::Wait(joined)) = &mut step {
                if here.is_some() && !is_inside_run {
                    // It is joined from inside the run, and waited for outside of it.
                    joined.patience = self.engine.engine().core.plain_patience();
                }
            }
            self.take(number, call, step);
        }
        self.runs.sort_unstable_by_key(|(number, _)| *number);
    }

    /// The runs begin. Returns the numbers of their keys, in the order asked.
    pub(super) fn begin(&mut self) -> Vec<usize> {
        // The body runs once for all of them.
        let mut has_sample = false;
        let guards = self.runs.iter_mut().filter_map(|(_, run)| run.as_mut());
        guards.for_each(|run| run.start_as_one(&mut has_sample));
        self.runs.iter().map(|(number, _)| *number).collect()
    }

    /// Takes a step of one call.
    fn step_of(
        &self,
        call: &mut Call<'c, Q, V, S>,
        step: impl FnOnce(&mut SlowPath<'c, S>, &mut Types<'_, S>) -> Step<'c, S>,
    ) -> ControlFlow<Result<V, ()>, Ahead<'c, S>> {
        let Call { query, path } = call;
        step_of(self.engine, query, &OkOnly, |types| step(path, types))
    }

    /// Takes the outcome of a step.
    fn take(
        &mut self,
        number: usize,
        call: Call<'c, Q, V, S>,
        step: ControlFlow<Result<V, ()>, Ahead<'c, S>>,
    ) {
        match step {
            // The policy shares no errors.
            ControlFlow::Break(answer) => self.answers[number] = answer.ok(),
            ControlFlow::Continue(Ahead::Run(run)) => self.runs.push((number, Some(run))),
            ControlFlow::Continue(Ahead::Wait(joined)) => {
                self.waits.push_back((number, call, joined));
            }
        }
    }

    /// Lands the runs, each with its value. A run without a value has failed. User code that panics meanwhile, a `Clone`
    /// or a listener, keeps no other run from landing.
    pub(crate) fn land(&mut self, values: Vec<Option<V>>) {
        let _here = self.here();
        let runs = mem::take(&mut self.runs);
        let mut panic = FirstPanic::none();
        for ((number, run), value) in runs.into_iter().zip(values) {
            let result = value.ok_or(());
            let Some(mut run) = run else {
                self.answers[number] = result.ok();
                continue;
            };
            #[expect(unsafe_code, reason = "a run has no types")]
            // SAFETY: the values of the engine are of type `V`, which this policy stores.
            let mut finished = unsafe { RunResult::new(&OkOnly, &result) };
            panic.catch(|| _ = run.finish(&mut finished));
            panic.catch(|| drop(run));
            self.answers[number] = result.ok();
        }
        panic.resume();
    }

    /// The body has failed, and with it the call. Each key that has no answer yet is a miss.
    pub(crate) fn fail(mut self) {
        let values = self.runs.iter().map(|_| None).collect();
        self.land(values);
        if !self.is_bypass {
            let unanswered = self.waits.len() + self.ready.len() + self.repeated.len();
            self.engine.engine().core.count_many(0, unanswered as u64);
        }
    }

    /// Ends a wait.
    fn end_wait(
        &mut self,
        number: usize,
        mut call: Call<'c, Q, V, S>,
        joined: Joined<S>,
        waited: Waited,
    ) {
        let mut answer = Answer::None;
        let Call { query, path } = &mut call;
        let types = &mut Types {
            query,
            answer: &mut AnswerFrom::<Result<V, ()>, _, _, _>::new(
                self.engine,
                &OkOnly,
                &mut answer,
            ),
        };
        let step = match path.end_wait(joined, waited, types) {
            WaitEnd::Again => return self.ready.push((number, Ready::LookUp(call))),
            WaitEnd::Alone => return self.ready.push((number, Ready::Compute(call))),
            WaitEnd::Step(Step::Answered) => ControlFlow::Break(answer.take()),
            WaitEnd::Step(Step::Run(run)) => ControlFlow::Continue(Ahead::Run(run)),
            WaitEnd::Step(Step::Wait(joined)) => ControlFlow::Continue(Ahead::Wait(joined)),
        };
        self.take(number, call, step);
    }

    /// Waits for the runs of others, unless there is something to run. Returns whether another round is needed.
    pub(crate) fn wait(&mut self) -> bool {
        while self.runs.is_empty() {
            let Some((number, path, joined)) = self.waits.pop_front() else { break };
            let waited = if S::SHARED {
                wait_graph::block(&joined.wait, joined.patience)
            } else {
                // Nobody could poll that run while the thread blocks.
                Waited::Circular
            };
            self.end_wait(number, path, joined, waited);
        }
        !self.is_over()
    }

    /// [`wait`](Self::wait), without blocking a thread.
    pub(crate) async fn wait_async(&mut self) -> bool {
        while self.runs.is_empty() {
            let Some((number, path, joined)) = self.waits.pop_front() else { break };
            let following = Following::new(Arc::clone(&joined.wait), joined.patience);
            let waited = following.await;
            self.end_wait(number, path, joined, waited);
        }
        !self.is_over()
    }

    fn is_over(&self) -> bool {
        self.runs.is_empty() && self.ready.is_empty() && self.waits.is_empty()
    }

    /// Where others wait for the runs.
    pub(super) fn waits_of_runs(&self) -> Vec<Arc<Wait>> {
        let guards = self.runs.iter().filter_map(|(_, run)| run.as_ref());
        guards.filter_map(RunGuard::wait).collect()
    }

    /// Polls an async body to its end. Others who wait for a key see whether it is polled.
    pub(crate) async fn drive<R>(&mut self, body: impl Future<Output = R>) -> R {
        let runner = self.polled.expect("the call is async");
        let leaders = Arc::new(Leaders::new(runner, self.waits_of_runs()));
        let mut driven = Driven { body: pin!(Some(body)), leaders, runner };
        poll_fn(move |cx| {
            let polled = driven.poll(cx);
            if polled.is_ready() {
                driven.drop_body();
            }
            polled
        })
        .await
    }

    /// The answers, in the order asked. Keys that the body has left out have none.
    pub(crate) fn into_answers(mut self) -> Vec<Option<V>> {
        let (mut hits, mut misses) = (0, 0);
        for (number, first) in mem::take(&mut self.repeated) {
            let answer = self.answers[first].clone();
            *(if answer.is_some() { &mut hits } else { &mut misses }) += 1;
            self.answers[number] = answer;
        }
        if hits + misses > 0 && !self.is_bypass {
            self.engine.engine().core.count_many(hits, misses);
        }
        mem::take(&mut self.answers)
    }
}

impl<Q, K, V, S: Scope> Drop for Many<'_, Q, K, V, S> {
    /// Gives up the flights that are left. The drop of a key is a part of the run.
    fn drop(&mut self) {
        let _here = self.polled.map(PolledRun::enter);
        self.runs.clear();
        self.ready.clear();
    }
}

/// An async body that computes several keys.
struct Driven<'a, F> {
    body: Pin<&'a mut Option<F>>,
    leaders: Arc<Leaders>,
    runner: Runner,
}

impl<F: Future> Driven<'_, F> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<F::Output> {
        let body = self.body.as_mut().as_pin_mut().expect("it is there until it is dropped");
        self.leaders.lead(cx, |cx| body.poll(cx))
    }
}

impl<F> Driven<'_, F> {
    /// A `Drop` that calls for the same keys is a part of the run.
    fn drop_body(&mut self) {
        let here = PolledRun::enter(self.runner);
        self.body.set(None);
        drop(here);
        self.leaders.end();
    }
}

impl<F> Drop for Driven<'_, F> {
    fn drop(&mut self) {
        if self.body.is_some() {
            self.drop_body();
        }
    }
}

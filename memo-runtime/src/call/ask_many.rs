//! A call for many keys that asks what stands below its cache, before its body runs.
//!
//! All questions are asked at once, a limited number at a time. The call holds flights meanwhile, so it does not wait for the
//! runs of other processes: two calls of two processes would otherwise wait for each other. A key that another process is about to
//! compute is computed here as well, and that process keeps its result.

use crate::base::catch_panic::FirstPanic;
use crate::call::answer::{Answer, AnswerFrom, AnyAnswer};
use crate::call::ask_below::{Asking, Young};
use crate::call::many::{Many, ManyRun};
use crate::call::result_policy::OkOnly;
use crate::engine::below::Waits;
use crate::flight::poll::Leaders;
use crate::key::lookup::Lookup;
use crate::scope::scope::Scope;
use std::future::poll_fn;
use std::mem;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

/// So many questions are under way at once.
const AT_ONCE: usize = 64;

impl<Q, K, V, S> Many<'_, Q, K, V, S>
where
    Q: Lookup<Key = K>,
    V: Clone,
    S: Scope,
{
    /// Starts a round: looks up all keys that are ready, and asks what stands below the cache for those that are missing. Returns
    /// the numbers of the keys to compute, in the order asked.
    pub(crate) fn start(&mut self) -> Vec<usize> {
        self.look_up();
        if self.asks_below() {
            let given = block_on(self.ask(Waits::BLOCKING_FOR_MANY));
            self.land_given(given);
        }
        self.begin()
    }

    /// [`start`](Self::start), without blocking a thread.
    pub(crate) async fn start_async(&mut self) -> Vec<usize> {
        self.look_up();
        if self.asks_below() {
            let given = Box::pin(self.ask(Waits::POLLED_FOR_MANY)).await;
            self.land_given(given);
        }
        self.begin()
    }

    fn asks_below(&self) -> bool {
        self.engine.engine().below.is_some() && !self.runs.is_empty()
    }

    /// Asks for the keys of all runs. Returns what there is, in the order of the runs.
    async fn ask(&mut self, waits: Waits) -> Vec<Option<Young>> {
        let leaders =
            self.polled.map(|runner| Arc::new(Leaders::new(runner, self.waits_of_runs())));
        let mut given = Vec::with_capacity(self.runs.len());
        for runs in self.runs.chunks_mut(AT_ONCE) {
            let mut questions = Questions::new(runs, waits);
            poll_fn(|cx| match &leaders {
                Some(leaders) => leaders.lead(cx, |cx| questions.poll(cx)),
                None => questions.poll(cx),
            })
            .await;
            given.append(&mut questions.given);
        }
        given
    }

    /// Ends the runs whose values are given. User code that panics meanwhile keeps no other run from landing.
    fn land_given(&mut self, given: Vec<Option<Young>>) {
        let _here = self.here();
        let mut panic = FirstPanic::none();
        for ((number, run), young) in mem::take(&mut self.runs).into_iter().zip(given) {
            let (mut guard, young) = match (run, young) {
                (Some(guard), Some(young)) => (guard, young),
                (run, _) => {
                    self.runs.push((number, run));
                    continue;
                }
            };
            panic.catch(|| {
                let mut answer = Answer::None;
                AnswerFrom::<Result<V, ()>, _, _, _>::new(self.engine, &OkOnly, &mut answer)
                    .put_given(young.value());
                self.answers[number] = answer.take().ok();
                guard.finish_given(young);
            });
            panic.catch(|| drop(guard));
        }
        panic.resume();
    }
}

/// The questions of some runs.
struct Questions<'q, 'c, S: Scope> {
    runs: &'q mut [ManyRun<'c, S>],
    /// Those that are not answered yet.
    asking: Vec<Option<Asking>>,
    given: Vec<Option<Young>>,
}

impl<'q, 'c, S: Scope> Questions<'q, 'c, S> {
    fn new(runs: &'q mut [ManyRun<'c, S>], waits: Waits) -> Self {
        let asking = |(_, run): &ManyRun<'c, S>| run.as_ref()?.asking(waits);
        let asking = runs.iter().map(asking).collect();
        let given = runs.iter().map(|_| None).collect();
        Self { runs, asking, given }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut is_over = true;
        let runs = self.runs.iter_mut().map(|(_, run)| run);
        for ((run, asking), given) in runs.zip(&mut self.asking).zip(&mut self.given) {
            let (Some(run), Some(question)) = (run, &mut *asking) else { continue };
            match run.poll_question(question, cx) {
                Poll::Ready(young) => (*asking, *given) = (None, young),
                Poll::Pending => is_over = false,
            }
        }
        if is_over { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// Unparks a thread that waits.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Polls to the end. The thread waits in between.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let (mut future, mut cx) = (pin!(future), Context::from_waker(&waker));
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut cx) {
            return value;
        }
        thread::park();
    }
}

//! Where callers wait for one run of a body, be it a thread's or that of an async body, and whether they
//! block a thread meanwhile or not.
//!
//! # When they stop to wait
//!
//! Each wait ends, for one of these reasons:
//!
//! - The run *lands*: with a value, with an error, or because its body has panicked, or its future was
//!   dropped. All who wait are told, and the first of them to come back starts the body anew if there is
//!   no result.
//! - It would close a circle of waits that [`graph`](crate::graph) sees.
//! - It takes too long: 20 times longer than any run so far (see [`Pace`](crate::flight::Pace)). *One* of
//!   those waiting runs the body as well then, and the next one waits twice as long.
//! - The run is *stalled*: a future that is alive, but that nobody polls, as the one that a `select!` holds
//!   on to while its other branch calls the same function. It shows in that the run was woken, and is not
//!   polled, while others are: [three times](Leader::TIMES), a [`GRACE`] apart, one of those who wait is
//!   woken, and is polled [at once](PROMPT). Then all go on as if the run had been dropped: one of them
//!   runs the body, and the others wait for that run, which may be dropped, fail, or be stalled like the
//!   first. Should the first be polled after all, and be done before it, its value answers them. A run that
//!   was not woken is not stalled: what it waits for has yet to come.
//!
//!   Time alone would not do: an executor that has ten thousand tasks to poll comes to each of them after
//!   a while, which was seen to be a third of a second, but then it does not come to those who wait at
//!   once either. Nor would it do to have those wake themselves a few times: executors poll such a task
//!   before one that was woken by another thread.
//!
//! Who runs a body as well does so in place of the one that is waited for. With a result, the flight has
//! landed; with one that is not stored, those who wait are told as if it had, though the owner's may be stored
//! still. Should the other not come to an end meanwhile, by a panic or because its future is
//! dropped, then nobody has to start again; and should neither, the next one of those who wait does.

use crate::party::{Party, Polled};
use crate::sync::{self, Arc, AtomicBool, Condvar, Mutex, Ordering::Relaxed};
use crate::watch::{Alarm, Watched};
use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

/// An error as it is handed to those waiting.
pub(crate) type SharedError = Arc<dyn Any + Send + Sync>;

/// How a flight ended, for those who waited.
#[derive(Clone)]
pub(crate) enum Landing {
    /// Its entry holds the value.
    Value,
    /// The body failed, and its error can be given to everybody.
    Error(SharedError),
    /// The body failed with an error that cannot be shared.
    Failed,
    /// The body panicked, or was dropped: somebody else has to start again.
    Abandoned,
}

impl fmt::Debug for Landing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Value => "Value",
            Self::Error(_) => "Error",
            Self::Failed => "Failed",
            Self::Abandoned => "Abandoned",
        })
    }
}

/// What a caller has to do after waiting.
#[derive(Debug)]
pub(crate) enum Waited {
    Landed(Landing),
    /// Run the body as well: who runs it waits for this one.
    Circular,
    /// Run the body as well, in place of whoever has not come to its end for so long.
    Help(Duration),
    /// Go on without the run, and let the others know.
    Stalled,
}

/// How long an async run that was woken may remain unpolled, at least.
pub(crate) const GRACE: Duration = Duration::from_millis(100);

/// How soon an executor that is not busy polls what was woken.
const PROMPT: Duration = Duration::from_millis(25);

/// Where callers wait for one flight.
#[derive(Debug)]
pub(crate) struct Wait {
    owner: Party,
    /// Somebody waits, or has.
    awaited: AtomicBool,
    state: Mutex<State>,
    landed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    landing: Option<Landing>,
    /// When the next of those waiting helps out, and how long after that the one after it.
    help: Option<(Instant, Duration)>,
    /// How many help at the moment.
    helpers: u32,
    /// The owner has not come to an end, and will not.
    is_given_up: bool,
    leader: Leader,
    followers: Followers,
    /// Threads block, or have: to notify nobody would be a system call all the same.
    is_blocking: bool,
}

/// The run of an async body.
#[derive(Debug, Default)]
struct Leader {
    /// Who polls it; taken by the first wake.
    waker: Option<Waker>,
    is_polled: bool,
    /// Since when it has been woken and not polled.
    woken: Option<Instant>,
    /// How often it was passed over since, when another was woken and polled at once.
    passed_over: u32,
    /// How long it was not polled, though woken.
    neglected: Duration,
}

impl Leader {
    /// How often it is passed over before it counts as stalled.
    const TIMES: u32 = 3;

    fn is_neglected(&self, now: Instant) -> bool {
        let neglected = |woken| now.saturating_duration_since(woken) >= GRACE;
        !self.is_polled && self.woken.is_some_and(neglected)
    }
}

/// Those who wait without blocking a thread, by number.
#[derive(Debug, Default)]
struct Followers {
    wakers: BTreeMap<u64, Waker>,
    numbers: u64,
    alarm: Option<Alarm>,
    /// Until the alarm after the next.
    pause: Duration,
    /// How many of them the next alarm wakes if one is needed, for the first may not be polled either.
    woken: usize,
    /// When some were woken to see whether they are polled.
    rung: Option<Instant>,
}

impl Followers {
    const LONGEST_PAUSE: Duration = Duration::from_millis(320);
}

/// One who waits without blocking a thread.
#[derive(Debug)]
pub(crate) struct Follower {
    start: Instant,
    patience: Duration,
    number: Option<u64>,
}

impl Follower {
    pub(crate) fn new(patience: Duration) -> Self {
        Self { start: sync::now(), patience, number: None }
    }
}

impl State {
    /// The end of this wait: how the flight has landed, or `Help` if it is time.
    fn end(&mut self, now: Instant, start: Instant, patience: Duration) -> Option<Waited> {
        if let Some(landing) = &self.landing {
            return Some(Waited::Landed(landing.clone()));
        }
        let (at, step) = *self.help.get_or_insert_with(|| (later(now, patience), patience));
        if now < at {
            return None;
        }
        let step = step.saturating_mul(2);
        self.help = Some((later(now, step), step));
        self.helpers += 1;
        Some(Waited::Help(now - start))
    }

    /// Whether nobody runs the body any longer. Then this is how the flight ends.
    fn is_abandoned(&mut self) -> bool {
        let is_abandoned = self.is_given_up && self.helpers == 0;
        if is_abandoned {
            self.landing.get_or_insert(Landing::Abandoned);
        }
        is_abandoned
    }

    /// Whether the leader has been passed over often enough, now that one who waits is polled.
    fn is_stalled(&mut self, now: Instant) -> bool {
        let Some(rung) = self.followers.rung.take() else { return false };
        if now.saturating_duration_since(rung) <= PROMPT && self.leader.is_neglected(now) {
            self.leader.passed_over += 1;
        }
        self.leader.passed_over >= Leader::TIMES
    }

    fn needs_help(&self, now: Instant) -> bool {
        self.help.is_some_and(|(at, _)| at <= now) || self.leader.is_neglected(now)
    }

    /// Sees to it that somebody is woken when help is needed.
    fn watch(&mut self, wait: &Arc<Wait>, now: Instant) {
        let pause = self.followers.pause.max(GRACE);
        self.followers.pause = (2 * pause).min(Followers::LONGEST_PAUSE);
        // Those who were to help have been woken: they are given time to come.
        let help = self.help.map(|it| it.0).filter(|help| *help > now);
        let at = help.map_or(now + pause, |help| help.min(now + pause));
        self.followers.alarm = Some(Alarm::set(at, Arc::clone(wait) as Arc<dyn Watched>));
    }
}

impl Wait {
    pub(crate) fn new(owner: Party) -> Self {
        Self {
            owner,
            awaited: AtomicBool::new(false),
            state: Mutex::default(),
            landed: Condvar::default(),
        }
    }

    pub(crate) fn owner(&self) -> Party {
        self.owner
    }

    /// Somebody is going to wait.
    pub(crate) fn join(&self) {
        self.awaited.store(true, Relaxed);
    }

    pub(crate) fn is_awaited(&self) -> bool {
        self.awaited.load(Relaxed)
    }

    pub(crate) fn has_landed(&self) -> bool {
        self.state.lock().landing.is_some()
    }

    /// Ends the wait of everybody. The first landing counts.
    pub(crate) fn land(&self, landing: Landing) {
        let mut landing = Some(landing);
        let (wakers, alarm, is_blocking) = {
            let mut state = self.state.lock();
            if state.landing.is_none() {
                state.landing = landing.take();
            }
            let alarm = state.followers.alarm.take().and_then(Alarm::cancel);
            (std::mem::take(&mut state.followers.wakers), alarm, state.is_blocking)
        };
        drop(alarm);
        if is_blocking {
            self.landed.notify_all();
        }
        wake(wakers.into_values());
    }

    /// The owner has not come to its end. Returns whether nobody else is about to.
    pub(crate) fn give_up(&self) -> bool {
        let mut state = self.state.lock();
        state.is_given_up = true;
        state.leader.woken = None;
        state.is_abandoned()
    }

    pub(crate) fn is_given_up(&self) -> bool {
        self.state.lock().is_given_up
    }

    /// Who ran the body as well has not come to its end. Returns whether nobody else is about to; if
    /// somebody is, the next of those who wait [may help](Self::help_again).
    pub(crate) fn give_up_helping(&self) -> bool {
        let mut state = self.state.lock();
        state.helpers -= 1;
        state.is_abandoned()
    }

    /// Has the next of those who wait help now.
    pub(crate) fn help_again(&self) {
        let now = sync::now();
        let waker = {
            let mut state = self.state.lock();
            if let Some((at, _)) = &mut state.help {
                *at = now;
            }
            state.followers.wakers.pop_first()
        };
        self.landed.notify_all();
        wake(waker.into_iter().map(|it| it.1));
    }

    /// Blocks the calling thread until the wait ends.
    pub(crate) fn block(&self, patience: Duration) -> Waited {
        let start = sync::now();
        let mut state = self.state.lock();
        state.is_blocking = true;
        loop {
            let now = sync::now();
            if let Some(waited) = state.end(now, start, patience) {
                return waited;
            }
            let until = state.help.map_or(now, |(at, _)| at);
            state =
                self.landed.wait_timeout(&self.state, state, until.saturating_duration_since(now));
        }
    }

    /// Whether the wait has ended for one who is polled. If not, its waker is woken when it has, or
    /// when it has to come and see.
    pub(crate) fn poll(
        self: &Arc<Self>,
        follower: &mut Follower,
        cx: &Context<'_>,
    ) -> Poll<Waited> {
        // Wakers are the executor's, and so neither cloned nor dropped under the lock.
        let mut waker = Some(cx.waker().clone());
        let now = sync::now();
        let mut state = self.state.lock();
        if let Some(waited) = state.end(now, follower.start, follower.patience) {
            return Poll::Ready(waited);
        }
        if state.is_stalled(now) {
            return Poll::Ready(Waited::Stalled);
        }
        let number = *follower.number.get_or_insert_with(|| {
            state.followers.numbers += 1;
            state.followers.numbers
        });
        match state.followers.wakers.get_mut(&number) {
            Some(known) if known.will_wake(cx.waker()) => {}
            Some(known) => std::mem::swap(known, waker.as_mut().expect("it was just cloned")),
            None => {
                state.followers.wakers.extend(waker.take().map(|waker| (number, waker)));
            }
        }
        if state.followers.alarm.is_none() {
            state.watch(self, now);
        }
        Poll::Pending
    }

    /// A follower waits no longer.
    pub(crate) fn leave(&self, follower: &Follower) {
        let Some(number) = follower.number else { return };
        let (waker, alarm) = {
            let followers = &mut self.state.lock().followers;
            let waker = followers.wakers.remove(&number);
            let alarm = if followers.wakers.is_empty() { followers.alarm.take() } else { None };
            (waker, alarm.and_then(Alarm::cancel))
        };
        drop((waker, alarm));
    }

    /// Polls the run, which is this wait's owner, with a waker that shows when it is neglected.
    pub(crate) fn lead<R>(
        self: &Arc<Self>,
        cx: &Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<R>,
    ) -> Poll<R> {
        let waker = cx.waker().clone();
        let now = sync::now();
        let replaced = {
            let leader = &mut self.state.lock().leader;
            leader.passed_over = 0;
            leader.is_polled = true;
            let woken = leader.woken.take();
            leader.neglected +=
                woken.map_or(Duration::ZERO, |woken| now.saturating_duration_since(woken));
            leader.waker.replace(waker)
        };
        drop(replaced);
        let _polled = Polled::begin(self.owner);
        let _leading = Leading(self);
        poll(&mut Context::from_waker(&Waker::from(Arc::clone(self))))
    }

    /// The run is not polled any longer. Those who could still wake it may have this wait for as long as
    /// they like: its task is none of their business.
    pub(crate) fn retire(&self) {
        let waker = self.state.lock().leader.waker.take();
        drop(waker);
    }

    /// How long the run was not polled, though woken.
    pub(crate) fn neglected(&self) -> Duration {
        self.state.lock().leader.neglected
    }
}

/// The owner of a wait is polled.
struct Leading<'a>(&'a Wait);

impl Drop for Leading<'_> {
    fn drop(&mut self) {
        let now = sync::now();
        let leader = &mut self.0.state.lock().leader;
        leader.is_polled = false;
        // Woken meanwhile, it could not have been polled before.
        leader.woken = leader.woken.map(|woken| woken.max(now));
    }
}

/// Wakes the run that is waited for.
impl Wake for Wait {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let now = sync::now();
        let waker = {
            let leader = &mut self.state.lock().leader;
            leader.woken.get_or_insert(now);
            // Woken once, it will be polled, and then be there again.
            leader.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// Comes by now and then, as long as there is somebody to be woken.
impl Watched for Wait {
    fn look(self: Arc<Self>, alarm: Alarm, now: Instant) {
        let woken = {
            let mut state = self.state.lock();
            // It may have been cancelled too late, when the next was set already.
            if state.followers.alarm.take_if(|it| *it == alarm).is_none() {
                return;
            }
            if state.landing.is_some() || state.followers.wakers.is_empty() {
                return;
            }
            let mut woken = Vec::new();
            if state.needs_help(now) {
                state.followers.pause = GRACE;
                let most = state.followers.woken.max(1);
                state.followers.woken = 2 * most;
                state.followers.rung = Some(now);
                woken.extend((0..most).map_while(|_| state.followers.wakers.pop_first()));
            } else {
                state.followers.woken = 1;
            }
            state.watch(&self, now);
            woken
        };
        wake(woken.into_iter().map(|it| it.1));
    }
}

/// Wakes all of them, even if one of them panics.
fn wake(mut wakers: impl Iterator<Item = Waker>) {
    struct Rest<'a, I: Iterator<Item = Waker>>(&'a mut I);
    impl<I: Iterator<Item = Waker>> Drop for Rest<'_, I> {
        fn drop(&mut self) {
            self.0.by_ref().for_each(Waker::wake);
        }
    }
    Rest(&mut wakers).0.by_ref().for_each(Waker::wake);
}

fn later(now: Instant, by: Duration) -> Instant {
    // A day is as good as forever to somebody who waits, and never overflows an `Instant`.
    now + by.min(Duration::from_secs(24 * 60 * 60))
}

#[cfg(all(test, not(memofn_models)))]
mod tests;

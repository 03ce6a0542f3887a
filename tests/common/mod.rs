//! Shared helpers: a watchdog, short forms of counters, and callers whose arrival a test can see.
#![allow(dead_code, reason = "each test file uses only some of these")]

pub(crate) mod gate;
#[cfg(feature = "tier")]
pub(crate) mod map_tier;
#[cfg(all(unix, feature = "redis"))]
pub(crate) mod redis_links;
#[cfg(all(unix, feature = "redis"))]
pub(crate) mod redis_server;
pub(crate) mod tasks;
#[cfg(feature = "tier")]
pub(crate) mod tiers;

use memofn::CacheInfo;
use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};
use std::panic;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Runs `scenario` on a thread of its own, and fails instead of hanging. The limit is far above the time that any
/// scenario takes on a slow and busy machine.
pub(crate) fn finishes<R: Send + 'static>(
    what: &str,
    scenario: impl FnOnce() -> R + Send + 'static,
) -> R {
    finishes_within(Duration::from_secs(300), what, scenario)
}

/// [`finishes`], with a limit of its own.
pub(crate) fn finishes_within<R: Send + 'static>(
    limit: Duration,
    what: &str,
    scenario: impl FnOnce() -> R + Send + 'static,
) -> R {
    let (done, is_done) = channel();
    let runner = thread::Builder::new()
        .name(what.to_owned())
        .spawn(move || {
            let result = scenario();
            // After the limit the receiver is gone.
            let _ = done.send(());
            result
        })
        .expect("a thread can be started");
    match is_done.recv_timeout(limit) {
        Err(RecvTimeoutError::Timeout) => panic!("{what}: not finished after {limit:?}"),
        Ok(()) | Err(RecvTimeoutError::Disconnected) => {
            runner.join().unwrap_or_else(|failure| panic::resume_unwind(failure))
        }
    }
}

/// The counters of Python's `cache_info()`: hits, misses, maxsize, currsize.
pub(crate) fn counts(info: CacheInfo) -> (u64, u64, Option<usize>, usize) {
    (info.hits, info.misses, info.maxsize, info.currsize)
}

/// Panics without a message on the terminal.
pub(crate) fn panic_silently(why: &'static str) -> ! {
    panic::resume_unwind(Box::new(why))
}

/// Runs `call`, which must panic, and returns the message.
pub(crate) fn panic_of<R>(call: impl FnOnce() -> R) -> &'static str {
    let failure = panic::catch_unwind(panic::AssertUnwindSafe(call)).err().expect("it panics");
    failure.downcast_ref::<&str>().copied().expect("it panics with a string literal")
}

/// Pairs of callers whose keys have been compared.
///
/// A call compares keys with another call before it waits for its run. A test cannot see the wait itself.
#[derive(Debug, Default)]
pub(crate) struct Sightings {
    state: Mutex<Sighted>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Sighted {
    /// The first caller whose body ran.
    leader: Option<usize>,
    /// Callers whose keys were compared: pairs, the smaller number first.
    met: BTreeSet<(usize, usize)>,
    /// How many are in [`Caller::meet`].
    inside: usize,
}

impl Sighted {
    fn followers(&self) -> usize {
        self.met.iter().filter(|pair| self.includes_leader(pair)).count()
    }

    fn followers_met(&self) -> bool {
        self.met.iter().any(|pair| !self.includes_leader(pair))
    }

    fn includes_leader(&self, (a, b): &(usize, usize)) -> bool {
        self.leader == Some(*a) || self.leader == Some(*b)
    }
}

impl Sightings {
    fn update<R>(&self, update: impl FnOnce(&mut Sighted) -> R) -> R {
        let result = update(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
        result
    }

    fn wait_until(&self, until: impl Fn(&Sighted) -> bool) -> MutexGuard<'_, Sighted> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = self.changed.wait_while(state, |state| !until(state));
        waiting.unwrap_or_else(PoisonError::into_inner)
    }
}

/// A key that is compared by `key`, and reports each comparison.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) key: u32,
    number: usize,
    sightings: Arc<Sightings>,
}

impl Caller {
    /// Makes `callers` equal keys that share one report.
    pub(crate) fn several(key: u32, callers: usize) -> Vec<Self> {
        let sightings = Arc::new(Sightings::default());
        let caller = |number| Self { key, number, sightings: Arc::clone(&sightings) };
        (0..callers).map(caller).collect()
    }

    /// Called by the body: whether it runs for the first of these callers.
    pub(crate) fn leads(&self) -> bool {
        self.sightings.update(|state| *state.leader.get_or_insert(self.number) == self.number)
    }

    /// Called by the body of the first caller: returns when `followers` others have found its run, and have had
    /// ample time to begin to wait.
    pub(crate) fn await_followers(&self, followers: usize) {
        assert!(self.leads());
        drop(self.sightings.wait_until(|state| state.followers() >= followers));
        (0..1_000).for_each(|_| thread::yield_now());
    }

    /// Called by the body of the others: returns `true` when `all` of them are here at once. Returns `false` if that
    /// cannot happen, because one has found the run of another and waits for it.
    pub(crate) fn meet(&self, all: usize) -> bool {
        self.sightings.update(|state| state.inside += 1);
        let met = |state: &Sighted| state.inside >= all;
        let state = self.sightings.wait_until(|state| met(state) || state.followers_met());
        met(&state)
    }
}

impl PartialEq for Caller {
    fn eq(&self, other: &Self) -> bool {
        if !Arc::ptr_eq(&self.sightings, &other.sightings) {
            return false;
        }
        if self.number != other.number {
            let pair = (self.number.min(other.number), self.number.max(other.number));
            self.sightings.update(|state| state.met.insert(pair));
        }
        self.key == other.key
    }
}

impl Eq for Caller {}

impl Hash for Caller {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

/// Calls `call` with each of `callers`, each on its own thread. Results are in the order of callers.
pub(crate) fn side_by_side<C: Send, R: Send>(
    callers: Vec<C>,
    call: impl Fn(C) -> R + Sync,
) -> Vec<thread::Result<R>> {
    let call = &call;
    thread::scope(|scope| {
        let calls: Vec<_> =
            callers.into_iter().map(|caller| scope.spawn(move || call(caller))).collect();
        calls.into_iter().map(thread::ScopedJoinHandle::join).collect()
    })
}

/// The results of calls. A panic is passed on.
pub(crate) fn all_return<R>(calls: Vec<thread::Result<R>>) -> Vec<R> {
    calls.into_iter().map(|call| call.unwrap_or_else(|why| panic::resume_unwind(why))).collect()
}

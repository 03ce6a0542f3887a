//! Panics in user code: the Nth call of a body, `Hash`, `Eq`, `Clone`, `Drop` or `cache_if` panics, for every N
//! until the scenario ends without a panic.
//!
//! After each panic no call is stuck, nothing has leaked, and the cache works as before.

mod common;

use common::finishes;
use memofn::testing::Clock;
use memofn::{CacheInfo, memoize};
use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, Once};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Site {
    Body,
    Hash,
    Eq,
    Clone,
    Drop,
    CacheIf,
}

/// The payload of an injected panic.
struct Injected;

/// Counts the calls of user code and the live objects, and panics at the chosen call.
struct Ledger {
    /// Calls left before the one that panics.
    left: AtomicI64,
    burnt: Mutex<Option<Site>>,
    live_keys: AtomicI64,
    live_results: AtomicI64,
    /// The progress of both threads, in scenarios of two.
    stage: Mutex<Stage>,
    moved: Condvar,
}

#[derive(Default)]
struct Stage {
    waiter: Option<ThreadId>,
    /// The leader has to stay in its body until the waiter has met it.
    leader_stays: bool,
    leader_inside_or_done: bool,
    waiter_met_or_done: bool,
}

impl Ledger {
    fn new(nth: i64) -> Arc<Self> {
        Arc::new(Self {
            left: AtomicI64::new(nth),
            burnt: Mutex::default(),
            live_keys: AtomicI64::new(0),
            live_results: AtomicI64::new(0),
            stage: Mutex::default(),
            moved: Condvar::new(),
        })
    }

    fn step(&self, site: Site) {
        // A second panic during unwinding would abort.
        if !thread::panicking() && self.left.fetch_sub(1, SeqCst) == 1 {
            *self.burnt.lock().unwrap() = Some(site);
            panic::panic_any(Injected);
        }
    }

    /// Ends the injection. Returns the site that panicked.
    fn disarm(&self) -> Option<Site> {
        self.left.store(0, SeqCst);
        *self.burnt.lock().unwrap()
    }

    /// Checks that only the keys and values of `entries` entries are alive.
    fn assert_live(&self, entries: usize) {
        let entries = i64::try_from(entries).unwrap();
        assert_eq!(self.live_keys.load(SeqCst), entries, "keys alive, for so many entries");
        // If the `Drop` of a local panics as a function returns, Rust leaks the return value
        // (rust-lang/rust#47949). A leaked key or entry is found above.
        let leaked = i64::from(*self.burnt.lock().unwrap() == Some(Site::Drop));
        let results = self.live_results.load(SeqCst);
        assert!((entries..=entries + leaked).contains(&results), "{results} results are alive");
    }

    fn moves(&self, change: impl FnOnce(&mut Stage)) {
        change(&mut self.stage.lock().unwrap());
        self.moved.notify_all();
    }

    fn wait_until(&self, reached: impl Fn(&Stage) -> bool) {
        let stage = self.stage.lock().unwrap();
        drop(self.moved.wait_while(stage, |stage| !reached(stage)).unwrap());
    }
}

/// A key, a value or an error. All of its code may panic.
struct Token {
    n: u64,
    is_key: bool,
    ledger: Arc<Ledger>,
}

type Outcome = Result<Token, Token>;

impl Token {
    fn new(n: u64, is_key: bool, ledger: &Arc<Ledger>) -> Self {
        let token = Self { n, is_key, ledger: Arc::clone(ledger) };
        token.live().fetch_add(1, SeqCst);
        token
    }

    fn key(n: u64, ledger: &Arc<Ledger>) -> Self {
        Self::new(n, true, ledger)
    }

    fn result(n: u64, ledger: &Arc<Ledger>) -> Self {
        Self::new(n, false, ledger)
    }

    fn live(&self) -> &AtomicI64 {
        if self.is_key { &self.ledger.live_keys } else { &self.ledger.live_results }
    }

    /// The body of the memoized functions.
    fn compute(&self) -> Outcome {
        self.ledger.step(Site::Body);
        let stay = std::mem::take(&mut self.ledger.stage.lock().unwrap().leader_stays);
        if stay {
            self.ledger.moves(|stage| stage.leader_inside_or_done = true);
            self.ledger.wait_until(|stage| stage.waiter_met_or_done);
            // The waiter has met the leader and will wait for it in a few instructions. If they take longer than
            // this, the waiter finds the result already stored, which is right, too.
            (0..50).for_each(|_| thread::yield_now());
            self.ledger.step(Site::Body);
        }
        let result = Self::result(self.n * 10, &self.ledger);
        if FAILING.contains(&self.n) { Err(result) } else { Ok(result) }
    }
}

const FAILING: std::ops::Range<u64> = 100..200;
const REJECTED: u64 = 200;

fn expected(n: u64) -> Result<u64, u64> {
    if FAILING.contains(&n) { Err(n * 10) } else { Ok(n * 10) }
}

fn numbers(outcome: &Outcome) -> Result<u64, u64> {
    outcome.as_ref().map(|token| token.n).map_err(|token| token.n)
}

fn accept(outcome: &Outcome) -> bool {
    let (Ok(token) | Err(token)) = outcome;
    token.ledger.step(Site::CacheIf);
    outcome.is_ok() && token.n != REJECTED * 10
}

impl Hash for Token {
    /// Half of the keys collide.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.ledger.step(Site::Hash);
        (self.n % 2).hash(state);
    }
}

impl PartialEq for Token {
    fn eq(&self, other: &Self) -> bool {
        if self.ledger.stage.lock().unwrap().waiter == Some(thread::current().id()) {
            self.ledger.moves(|stage| stage.waiter_met_or_done = true);
        }
        self.ledger.step(Site::Eq);
        self.n == other.n
    }
}

impl Eq for Token {}

impl Clone for Token {
    fn clone(&self) -> Self {
        self.ledger.step(Site::Clone);
        Self::new(self.n, self.is_key, &self.ledger)
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.live().fetch_sub(1, SeqCst);
        self.ledger.step(Site::Drop);
    }
}

/// A memoized function with its controls.
struct Subject {
    shared: bool,
    call: fn(&Token) -> Outcome,
    peek: fn(&Token) -> Option<Outcome>,
    remove: fn(&Token) -> Option<Outcome>,
    insert: fn(&Token, Outcome),
    refresh: fn(&Token) -> Outcome,
    clear: fn(),
    info: fn() -> CacheInfo,
    len: fn() -> usize,
}

macro_rules! subject {
    ($name:ident, $function:ident, shared = $shared:expr, $($options:tt)*) => {
        #[memoize(maxsize = 2, ttl = "10s", $($options)*)]
        fn $function(key: &Token) -> Outcome {
            key.compute()
        }

        static $name: Subject = Subject {
            shared: $shared,
            call: $function,
            peek: $function::cache_peek,
            remove: $function::cache_remove,
            insert: $function::cache_insert,
            refresh: $function::cache_refresh,
            clear: $function::cache_clear,
            info: $function::cache_info,
            len: || $function::cache().iter().count(),
        };
    };
}
subject!(FALLIBLE, fallible, shared = true, scope = "shared");
subject!(FILTERED, filtered, shared = true, cache_if = accept);
subject!(FALLIBLE_BY_THREAD, fallible_by_thread, shared = false, scope = "thread");
subject!(
    FILTERED_BY_THREAD,
    filtered_by_thread,
    shared = false,
    scope = "thread",
    cache_if = accept
);
subject!(SIDE_BY_SIDE, side_by_side, shared = true, single_flight = false);

/// Runs code that may meet the injected panic. Returns `false` if it did.
fn guarded(run: impl FnOnce()) -> bool {
    match panic::catch_unwind(AssertUnwindSafe(run)) {
        Ok(()) => true,
        Err(payload) if payload.is::<Injected>() => false,
        Err(payload) => panic::resume_unwind(payload),
    }
}

fn calls(info: CacheInfo) -> u64 {
    info.hits + info.misses
}

/// How many calls have waited for another call.
static JOINED: AtomicU64 = AtomicU64::new(0);
/// How many waits ended by patience, perhaps because the waiter was not woken.
static SLOW: AtomicU64 = AtomicU64::new(0);
/// A waiter helps after this time at the earliest.
const PATIENCE: Duration = Duration::from_secs(2);

fn assert_that_waiters_were_told() {
    assert!(JOINED.load(SeqCst) > 0, "no waiter was ever in time to wait");
    // A busy machine may delay a thread, but not every time.
    assert!(SLOW.load(SeqCst) <= 3, "{} waiters were forgotten", SLOW.load(SeqCst));
}

impl Subject {
    /// Makes a call. Checks its result, and that it is counted once.
    fn call_and_check(&self, n: u64, ledger: &Arc<Ledger>) {
        let before = (self.info)();
        let outcome = (self.call)(&Token::key(n, ledger));
        assert_eq!(numbers(&outcome), expected(n), "the value of {n}");
        assert_eq!(calls((self.info)()), calls(before) + 1, "hits + misses after {n}");
    }

    /// Hits, misses, evictions, expiry, refreshes, errors, rejections and all controls.
    fn scenario(&self, ledger: &Arc<Ledger>, clock: &Clock) {
        let key = |n| Token::key(n, ledger);
        let call = |n: u64| {
            guarded(|| self.call_and_check(n, ledger));
            let info = (self.info)();
            assert!(info.currsize <= 2, "maxsize is exceeded: {info:?}");
        };
        let found = |n: u64, outcome: Option<Outcome>| {
            let found = outcome.as_ref().map(numbers);
            assert!(found.is_none_or(|found| found == expected(n)), "{n} is {found:?}");
        };
        let insert = |n: u64| {
            guarded(|| (self.insert)(&key(n), Ok(Token::result(n * 10, ledger))));
        };
        let refresh = |n: u64| {
            guarded(|| assert_eq!(numbers(&(self.refresh)(&key(n))), expected(n)));
        };
        [1, 1, 2, 3, 2].into_iter().for_each(call);
        guarded(|| found(2, (self.peek)(&key(2))));
        guarded(|| found(9, (self.peek)(&key(9))));
        clock.advance(Duration::from_secs(10));
        [2, 3].into_iter().for_each(call);
        [4, 2, 5].into_iter().for_each(insert);
        guarded(|| found(5, (self.remove)(&key(5))));
        guarded(|| found(9, (self.remove)(&key(9))));
        [FAILING.start, FAILING.start, REJECTED, REJECTED, 6].into_iter().for_each(call);
        [6, FAILING.start, REJECTED, 7].into_iter().for_each(refresh);
        guarded(|| {
            (self.clear)();
            assert_eq!((self.info)().currsize, 0);
        });
        [1, 2, 2].into_iter().for_each(call);
        clock.advance(Duration::from_secs(10));
        guarded(|| assert!((self.peek)(&key(1)).is_none(), "an expired entry answers"));
        [3, 4].into_iter().for_each(call);
    }

    /// A waiter for each: a result that is stored, an error, and a result that is not stored.
    fn leaders_and_waiters(&'static self, ledger: &Arc<Ledger>, _: &Clock) {
        for n in [1, FAILING.start, REJECTED] {
            let (start, told) = (Instant::now(), (self.info)().coalesced);
            self.leader_and_waiter(n, ledger);
            let is_slow = start.elapsed() >= PATIENCE && (self.info)().coalesced == told;
            SLOW.fetch_add(u64::from(is_slow), SeqCst);
        }
        JOINED.fetch_add((self.info)().coalesced, SeqCst);
    }

    /// One thread computes while another waits for the same key.
    fn leader_and_waiter(&'static self, n: u64, ledger: &Arc<Ledger>) {
        ledger.moves(|stage| *stage = Stage { leader_stays: true, ..Stage::default() });
        let leader = Arc::clone(ledger);
        let leader = thread::spawn(move || {
            let finished = guarded(|| {
                let outcome = (self.call)(&Token::key(n, &leader));
                assert_eq!(numbers(&outcome), expected(n), "the leader's value");
            });
            leader.moves(|stage| stage.leader_inside_or_done = true);
            finished
        });
        let waiter = Arc::clone(ledger);
        let waiter = thread::spawn(move || {
            waiter.wait_until(|stage| stage.leader_inside_or_done);
            waiter.moves(|stage| {
                stage.waiter = Some(thread::current().id());
                stage.leader_stays = false;
            });
            let finished = guarded(|| {
                let outcome = (self.call)(&Token::key(n, &waiter));
                assert_eq!(numbers(&outcome), expected(n), "the waiter's value");
            });
            waiter.moves(|stage| stage.waiter_met_or_done = true);
            finished
        });
        let finished = [leader, waiter].map(|thread| thread.join().unwrap());
        assert!(finished.contains(&true), "one panic is felt by one thread");
    }

    /// Checks that the cache works as a new one does.
    fn check(&'static self, ledger: &Arc<Ledger>) {
        let info = (self.info)();
        assert!(info.currsize <= 2, "maxsize is exceeded: {info:?}");
        assert_eq!((self.len)(), info.currsize);
        ledger.assert_live(info.currsize);

        let ledger_there = Arc::clone(ledger);
        let call_all = move || {
            for &n in KEYS {
                self.call_and_check(n, &ledger_there);
                assert!((self.info)().currsize <= 2);
            }
        };
        if self.shared {
            thread::spawn(call_all).join().unwrap();
        } else {
            call_all();
        }

        (self.clear)();
        ledger.assert_live(0);
        for n in [7, 9, 7, 9, 7, 9, 8, 8, 8, 9, 9, 9, 8, 8, 8, 7] {
            self.call_and_check(n, ledger);
        }
        let info = (self.info)();
        assert_eq!((info.hits, info.misses, info.currsize), (12, 4, 2), "{info:?}");
        assert_eq!((info.evictions, info.expirations), (2, 0), "{info:?}");
        (self.clear)();
        ledger.assert_live(0);
    }
}

fn silence_injected_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !info.payload().is::<Injected>() {
                others(info);
            }
        }));
    });
}

/// Runs `scenario` once for each call that can panic, and checks the cache after each run.
fn with_a_panic_everywhere(
    subject: &'static Subject,
    sites: &[Site],
    scenario: fn(&'static Subject, &Arc<Ledger>, &Clock),
) {
    silence_injected_panics();
    let mut met = BTreeSet::new();
    for nth in 1.. {
        let burnt = finishes(&format!("panic {nth}"), move || {
            let clock = Clock::stop();
            let ledger = Ledger::new(nth);
            scenario(subject, &ledger, &clock);
            let burnt = ledger.disarm();
            let checked = panic::catch_unwind(AssertUnwindSafe(|| subject.check(&ledger)));
            if let Err(failure) = checked {
                eprintln!("this was after panic {nth}, in {burnt:?}");
                panic::resume_unwind(failure);
            }
            burnt
        });
        match burnt {
            Some(site) => met.insert(site),
            None => break,
        };
    }
    assert_eq!(met, sites.iter().copied().collect(), "where panics were injected");
}

const ALL: &[Site] = &[Site::Body, Site::Hash, Site::Eq, Site::Clone, Site::Drop, Site::CacheIf];
const ALL_BUT_CACHE_IF: &[Site] = &[Site::Body, Site::Hash, Site::Eq, Site::Clone, Site::Drop];
const KEYS: &[u64] = &[1, 2, 3, 4, 5, 6, 7, 9, FAILING.start, REJECTED];

#[test]
fn a_shared_cache_survives_a_panic_anywhere() {
    with_a_panic_everywhere(&FALLIBLE, ALL_BUT_CACHE_IF, Subject::scenario);
}

#[test]
fn a_filtered_shared_cache_survives_a_panic_anywhere() {
    with_a_panic_everywhere(&FILTERED, ALL, Subject::scenario);
}

#[test]
fn a_thread_cache_survives_a_panic_anywhere() {
    with_a_panic_everywhere(&FALLIBLE_BY_THREAD, ALL_BUT_CACHE_IF, Subject::scenario);
}

#[test]
fn a_filtered_thread_cache_survives_a_panic_anywhere() {
    with_a_panic_everywhere(&FILTERED_BY_THREAD, ALL, Subject::scenario);
}

#[test]
fn a_cache_without_single_flight_survives_a_panic_anywhere() {
    with_a_panic_everywhere(&SIDE_BY_SIDE, ALL_BUT_CACHE_IF, Subject::scenario);
}

#[test]
fn leader_and_waiter_survive_a_panic_anywhere_in_either() {
    with_a_panic_everywhere(&FALLIBLE, ALL_BUT_CACHE_IF, Subject::leaders_and_waiters);
    assert_that_waiters_were_told();
}

#[test]
fn leader_and_waiter_of_a_filtered_cache_survive_a_panic_anywhere_in_either() {
    with_a_panic_everywhere(&FILTERED, ALL, Subject::leaders_and_waiters);
    assert_that_waiters_were_told();
}

#[test]
fn two_leaders_without_single_flight_survive_a_panic_anywhere_in_either() {
    with_a_panic_everywhere(&SIDE_BY_SIDE, ALL_BUT_CACHE_IF, Subject::leaders_and_waiters);
}

#[test]
fn an_evicted_value_may_evict_its_successor_and_panic() {
    static ARMED: AtomicBool = AtomicBool::new(false);

    #[derive(Clone)]
    struct Restless(u32, #[expect(dead_code)] [u8; 2000]);

    impl Drop for Restless {
        fn drop(&mut self) {
            if self.0 == 1 && ARMED.swap(false, SeqCst) {
                drop(restless(3));
                panic::resume_unwind(Box::new("dropped"));
            }
        }
    }

    #[memoize(maxsize = 1)]
    fn restless(key: u32) -> Restless {
        Restless(key, [0; 2000])
    }

    drop(restless(1));
    ARMED.store(true, SeqCst);
    assert!(panic::catch_unwind(|| restless(2)).is_err());
    assert_eq!(restless(3).0, 3);
    assert_eq!(restless::cache_info().currsize, 1);
}

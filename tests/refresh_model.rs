//! Refresh ahead, idle lives, and old values for calls that fail, beside a simple model: a list of entries, each with the
//! moments of its life. Random operations are applied to both. After each of them the result, the order of recency, the
//! size and the counters must agree.
//!
//! Calls refresh by themselves, or in the background. The runs in the background are kept, and are a step of their own:
//! so a run may end long after it began. The bodies succeed, fail and panic, and change the cache while they run.
//!
//! The operations follow from a fixed seed. With `MEMOFN_STRESS=full` each subject does a million.
#![allow(clippy::cast_possible_truncation, reason = "the numbers are small")]

mod common;

use common::panic_silently;
use memofn::scope::{Scope, Shared, Thread};
use memofn::testing::Clock;
use memofn::{Cache, CacheBuilder, CacheInfo, memoize};
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Mutex;
use std::time::Duration;

/// Lives are multiples of this, and so are the movements of the clock. In nanoseconds, as all times of the model.
const UNIT: u64 = 100_000_000;

/// The lives of values, in units. The last three bits of a value say which it has.
const LIVES: [u64; 8] = [0, 1, 3, 4, 10, 20, 50, u64::MAX];

const RETRY: u64 = 3 * UNIT;

/// Of a cache without a limit. A small one has two keys more than it has room for.
const KEYS: u64 = 6;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature of a life")]
fn life(value: &u64) -> Duration {
    match LIVES[*value as usize % LIVES.len()] {
        u64::MAX => Duration::MAX,
        units => Duration::from_nanos(units * UNIT),
    }
}

/// How long values live, and when they are due for a refresh: in nanoseconds.
#[derive(Debug, Clone, Copy)]
struct Rules {
    maxsize: Option<usize>,
    life: Life,
    mark: Mark,
    /// How long values are kept for calls that fail.
    kept: u64,
    /// How long values live that are not used.
    tti: Option<u64>,
    refreshed_by: Runner,
}

#[derive(Debug, Clone, Copy)]
enum Life {
    /// Each value has the life that it says.
    OfValue,
    Equal(u64),
    Endless,
}

#[derive(Debug, Clone, Copy)]
enum Mark {
    Half,
    After(u64),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Runner {
    Caller,
    Background,
}

impl Rules {
    fn life(self, value: u64) -> Option<u64> {
        match self.life {
            Life::OfValue => LIVES[value as usize % LIVES.len()].checked_mul(UNIT),
            Life::Equal(life) => Some(life),
            Life::Endless => None,
        }
    }

    fn mark(self, value: u64) -> Option<u64> {
        let (life, after) = match (self.life(value), self.mark) {
            (life, Mark::After(after)) => (life, after),
            (Some(life), Mark::Half) => (Some(life), life / 2),
            (None, Mark::Half) => return None,
        };
        life.is_none_or(|life| after < life).then_some(after)
    }
}

/// What a body returns.
type Computed = Result<u64, Failed>;

#[derive(Debug, Clone, Copy, PartialEq)]
struct Failed;

/// How a body ends.
#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    Returns(Computed),
    Panics,
}

/// The end of a call.
type Answer = Result<Computed, ()>;

#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Tells it from other entries of the key.
    number: u64,
    key: u8,
    value: u64,
    refresh_at: Option<u64>,
    deadline: Option<u64>,
    /// The end of the time in which it is kept.
    ends: Option<u64>,
    /// No call runs the body before, once the entry answers no longer.
    retry_at: Option<u64>,
    used: u64,
}

#[derive(Debug, Clone, Copy)]
struct Run {
    key: u8,
    /// The number of the entry that it renews.
    renews: Option<u64>,
    /// The value answered when the run began. So this is a refresh.
    is_refresh: bool,
    is_invalidated: bool,
    /// A call has taken its place before it began.
    is_overtaken: bool,
}

struct Model {
    rules: Rules,
    now: u64,
    /// The most recently used first.
    entries: Vec<Entry>,
    /// By number.
    runs: HashMap<u64, Run>,
    numbers: u64,
    /// When each value was computed or inserted.
    births: HashMap<u64, u64>,
    counts: Counts,
    /// Refreshes, their failures and outdated runs before the counters were zeroed.
    forgotten: [u64; 3],
}

#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Counts {
    hits: u64,
    misses: u64,
    refreshes: u64,
    refresh_failures: u64,
    stale: u64,
    evictions: u64,
    expirations: u64,
    outdated: u64,
    rejected: u64,
    currsize: usize,
}

impl From<CacheInfo> for Counts {
    fn from(info: CacheInfo) -> Self {
        let CacheInfo { hits, misses, refreshes, refresh_failures, stale, .. } = info;
        let CacheInfo { evictions, expirations, outdated, rejected, currsize, .. } = info;
        Self {
            hits,
            misses,
            refreshes,
            refresh_failures,
            stale,
            evictions,
            expirations,
            outdated,
            rejected,
            currsize,
        }
    }
}

/// What a call does.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// The value may be an old one.
    Hit(u64),
    /// It runs the body.
    Runs(u64),
    /// It is a hit, and a run in the background begins.
    HandsOver(u64, u64),
}

impl Model {
    fn new(rules: Rules) -> Self {
        Self {
            rules,
            now: 0,
            entries: Vec::new(),
            runs: HashMap::new(),
            numbers: 0,
            births: HashMap::new(),
            counts: Counts::default(),
            forgotten: [0; 3],
        }
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    fn has_passed(&self, moment: Option<u64>) -> bool {
        moment.is_some_and(|at| at <= self.now)
    }

    fn expire(&mut self) {
        let (before, now, tti) = (self.entries.len(), self.now, self.rules.tti);
        self.entries.retain(|entry| {
            entry.ends.is_none_or(|ends| ends > now) && tti.is_none_or(|tti| entry.used + tti > now)
        });
        self.counts.expirations += (before - self.entries.len()) as u64;
    }

    fn place(&mut self, key: u8) -> Option<usize> {
        self.expire();
        self.entries.iter().position(|entry| entry.key == key)
    }

    /// The place of an entry that answers.
    fn answering(&mut self, key: u8) -> Option<usize> {
        self.place(key).filter(|place| !self.has_passed(self.entries[*place].deadline))
    }

    /// A use of an entry. An unbounded cache keeps no recency.
    fn touch(&mut self, place: usize) -> &mut Entry {
        let is_ranked = self.rules.maxsize.is_some();
        if is_ranked {
            self.entries[..=place].rotate_right(1);
        }
        let entry = &mut self.entries[if is_ranked { 0 } else { place }];
        entry.used = self.now;
        entry
    }

    /// A run of the key that a call would find.
    fn run_of(&self, key: u8) -> Option<u64> {
        let is_found = |run: &Run| run.key == key && !run.is_invalidated && !run.is_overtaken;
        let found = self.runs.iter().find(|(_, run)| is_found(run));
        found.map(|(number, _)| *number)
    }

    fn start(&mut self, key: u8, renews: Option<u64>, is_refresh: bool) -> u64 {
        let number = self.number();
        let run = Run { key, renews, is_refresh, is_invalidated: false, is_overtaken: false };
        self.runs.insert(number, run);
        number
    }

    /// A call that no value answers in time. The runs of the model have not begun: the call takes the place of one.
    fn call_without_value(&mut self, key: u8) -> Step {
        if let Some(run) = self.run_of(key) {
            self.runs.get_mut(&run).expect("it is there").is_overtaken = true;
        }
        let kept = self.place(key);
        if let Some(place) = kept {
            let retry_at = self.entries[place].retry_at;
            if retry_at.is_some() && !self.has_passed(retry_at) {
                self.counts.hits += 1;
                self.counts.stale += 1;
                return Step::Hit(self.touch(place).value);
            }
        }
        self.counts.misses += 1;
        let old = kept.map(|place| self.entries[place].number);
        Step::Runs(self.start(key, old, false))
    }

    fn call(&mut self, key: u8) -> Step {
        let Some(place) = self.answering(key) else { return self.call_without_value(key) };
        let starts = self.has_passed(self.entries[place].refresh_at) && self.run_of(key).is_none();
        let entry = self.touch(place);
        let (value, number) = (entry.value, entry.number);
        if !starts {
            self.counts.hits += 1;
            return Step::Hit(value);
        }
        entry.refresh_at = None;
        self.counts.refreshes += 1;
        let run = self.start(key, Some(number), true);
        if self.rules.refreshed_by == Runner::Caller {
            self.counts.misses += 1;
            return Step::Runs(run);
        }
        self.counts.hits += 1;
        Step::HandsOver(value, run)
    }

    /// A run has failed. Returns the old value, if that answers the call.
    fn fail(&mut self, run: Run, end: Option<End>) -> Option<u64> {
        let is_error = end.is_some_and(|end| end != End::Panics);
        self.counts.rejected += u64::from(is_error);
        self.counts.refresh_failures += u64::from(run.is_refresh);
        let (retry, number) = (self.now + RETRY, run.renews?);
        let place = self.entries.iter().position(|entry| entry.number == number)?;
        let is_stale = self.has_passed(self.entries[place].deadline);
        let old = &mut self.entries[place];
        if is_stale {
            old.retry_at = Some(retry);
        } else {
            old.refresh_at = Some(retry).filter(|at| old.deadline.is_none_or(|end| *at < end));
        }
        let is_in_background = run.is_refresh && self.rules.refreshed_by == Runner::Background;
        let answers = is_error && self.rules.kept > 0 && !is_in_background;
        if answers {
            old.used = self.now;
        }
        self.counts.stale += u64::from(answers && is_stale);
        answers.then_some(old.value)
    }

    /// The `end` is `None` if the run was dropped before it began. Returns the old value, if that answers the call.
    fn finish(&mut self, run: u64, end: Option<End>) -> Option<u64> {
        self.expire();
        let run = self.runs.remove(&run).expect("a run ends once");
        if run.is_overtaken {
            self.counts.refresh_failures += 1;
            return None;
        }
        let Some(End::Returns(Ok(value))) = end else { return self.fail(run, end) };
        if run.is_invalidated {
            self.counts.outdated += 1;
            return None;
        }
        self.births.insert(value, self.now);
        let fresh = self.entry(run.key, value);
        let old = self.answering(run.key);
        match (old, fresh) {
            (Some(place), Some(fresh)) if run.renews.is_some() => self.entries[place] = fresh,
            _ => self.store(run.key, fresh),
        }
        None
    }

    /// An entry whose life begins; `None` if it has none.
    fn entry(&mut self, key: u8, value: u64) -> Option<Entry> {
        let deadline = self.rules.life(value).map(|life| self.now + life);
        let refresh_at = self.rules.mark(value).map(|mark| self.now + mark);
        let (number, used) = (self.number(), self.now);
        let ends = deadline.map(|deadline| deadline + self.rules.kept);
        let entry = Entry { number, key, value, refresh_at, deadline, ends, retry_at: None, used };
        (deadline != Some(self.now)).then_some(entry)
    }

    fn store(&mut self, key: u8, fresh: Option<Entry>) {
        if let Some(place) = self.place(key) {
            self.entries.remove(place);
        }
        let Some(fresh) = fresh else {
            self.counts.rejected += 1;
            return;
        };
        if self.rules.maxsize == Some(self.entries.len()) {
            self.entries.pop();
            self.counts.evictions += 1;
        }
        self.entries.insert(0, fresh);
    }

    fn outdate(&mut self, key: Option<u8>) {
        let runs = self.runs.values_mut().filter(|run| key.is_none_or(|key| run.key == key));
        runs.for_each(|run| run.is_invalidated = true);
    }

    fn get(&mut self, key: u8) -> Option<u64> {
        let Some(place) = self.answering(key) else {
            self.counts.misses += 1;
            return None;
        };
        self.counts.hits += 1;
        Some(self.touch(place).value)
    }

    fn peek(&mut self, key: u8) -> Option<u64> {
        self.answering(key).map(|place| self.entries[place].value)
    }

    /// The entries that answer, the most recently used first.
    fn answers(&self) -> Vec<(u8, u64)> {
        let entries = self.entries.iter().filter(|it| !self.has_passed(it.deadline));
        entries.map(|it| (it.key, it.value)).collect()
    }

    fn insert(&mut self, key: u8, value: u64) {
        self.expire();
        self.outdate(Some(key));
        self.births.insert(value, self.now);
        let fresh = self.entry(key, value);
        self.store(key, fresh);
    }

    fn remove(&mut self, key: u8) -> Option<u64> {
        self.outdate(Some(key));
        let answers = self.answering(key).is_some();
        self.place(key).map(|place| self.entries.remove(place).value).filter(|_| answers)
    }

    /// The next call has the value renewed.
    fn make_old(&mut self, key: u8) -> bool {
        self.outdate(Some(key));
        let (place, now) = (self.answering(key), self.now);
        place.inspect(|place| self.entries[*place].refresh_at = Some(now)).is_some()
    }

    fn clear(&mut self) {
        self.outdate(None);
        self.entries.clear();
        self.forgotten = self.rare();
        self.counts = Counts::default();
    }

    /// Refreshes, their failures and outdated runs since the beginning.
    fn rare(&self) -> [u64; 3] {
        let Counts { refreshes, refresh_failures, outdated, .. } = self.counts;
        let [a, b, c] = self.forgotten;
        [a + refreshes, b + refresh_failures, c + outdated]
    }

    fn counts(&mut self) -> Counts {
        self.expire();
        Counts { currsize: self.entries.len(), ..self.counts }
    }

    /// Nothing is answered at the end of its life or later.
    fn assert_alive(&self, value: u64) {
        let born = self.births.get(&value).expect("it was computed");
        let life = self.rules.life(value).map(|life| life + self.rules.kept);
        let is_alive = life.is_none_or(|life| self.now < born + life);
        assert!(is_alive, "{value} of {born} is answered at {}", self.now);
    }
}

type Job = Box<dyn FnOnce() + Send>;
type Body = Box<dyn FnOnce() -> Computed>;

static JOBS: Mutex<VecDeque<Job>> = Mutex::new(VecDeque::new());

thread_local! {
    /// The body of the next run.
    static BODY: RefCell<Option<Body>> = const { RefCell::new(None) };
}

fn keep(job: impl FnOnce() + Send + 'static) {
    JOBS.lock().unwrap().push_back(Box::new(job));
}

fn run_body() -> Computed {
    let body = BODY.with_borrow_mut(Option::take);
    body.expect("no run is expected")()
}

/// A change of the cache.
#[derive(Debug, Clone, Copy)]
enum Change {
    Insert(u8, u64),
    Remove(u8),
    Peek(u8),
    MakeOld(u8),
    Advance(u64),
    Clear,
}

struct Rig<S: Scope> {
    cache: Cache<u8, u64, S>,
    call: Box<dyn Fn(u8) -> Computed>,
    model: RefCell<Model>,
    clock: Clock,
    random: Cell<u64>,
    values: Cell<u64>,
    /// The runs in the background that have not begun, as the model numbers them.
    kept: RefCell<VecDeque<u64>>,
}

impl<S: Scope> Rig<S> {
    fn of(
        rules: Rules,
        cache: Cache<u8, u64, S>,
        call: impl Fn(u8) -> Computed + 'static,
    ) -> Rc<Self> {
        let clock = Clock::stop();
        JOBS.lock().unwrap().clear();
        cache.clear();
        Rc::new(Self {
            cache,
            call: Box::new(call),
            model: RefCell::new(Model::new(rules)),
            clock,
            random: Cell::new(7),
            values: Cell::new(0),
            kept: RefCell::default(),
        })
    }

    /// A number less than `bound`.
    fn below(&self, bound: u64) -> u64 {
        let next = self.random.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        self.random.set(next);
        (next >> 33) % bound
    }

    fn key(&self) -> u8 {
        let maxsize = self.model.borrow().rules.maxsize;
        self.below(maxsize.map_or(KEYS, |maxsize| maxsize as u64 + 2)) as u8
    }

    /// No two values are equal. A stale value can therefore not pass for a new one.
    fn fresh_value(&self) -> u64 {
        self.values.set(self.values.get() + 1);
        self.values.get() * LIVES.len() as u64 + self.below(LIVES.len() as u64)
    }

    fn change(&self) -> Change {
        match self.below(800) {
            0..160 => Change::Insert(self.key(), self.fresh_value()),
            160..280 => Change::Remove(self.key()),
            280..360 => Change::Peek(self.key()),
            360..400 => Change::MakeOld(self.key()),
            400..699 => Change::Advance(self.below(4) * UNIT),
            // Over several moments at once.
            699..799 => Change::Advance(self.below(60) * UNIT),
            _ => Change::Clear,
        }
    }

    fn apply(&self, change: Change) {
        let model = || self.model.borrow_mut();
        match change {
            Change::Insert(key, value) => {
                self.cache.insert(key, value);
                model().insert(key, value);
            }
            Change::Remove(key) => assert_eq!(self.cache.remove(&key), model().remove(key)),
            Change::Peek(key) => assert_eq!(self.cache.peek(&key), model().peek(key)),
            Change::MakeOld(key) => {
                assert_eq!(self.cache.expire(&key), model().make_old(key));
            }
            Change::Advance(nanos) => {
                self.clock.advance(Duration::from_nanos(nanos));
                model().now += nanos;
            }
            Change::Clear => {
                self.cache.clear();
                model().clear();
            }
        }
    }

    /// The body of a run, and how it ends.
    fn body(self: &Rc<Self>) -> (Body, End) {
        let changes: Vec<_> = (0..self.below(8).saturating_sub(5)).map(|_| self.change()).collect();
        let end = match self.below(8) {
            0 => End::Panics,
            1 | 2 => End::Returns(Err(Failed)),
            _ => End::Returns(Ok(self.fresh_value())),
        };
        let rig = Rc::clone(self);
        let body = Box::new(move || {
            for change in changes {
                rig.apply(change);
            }
            match end {
                End::Returns(computed) => computed,
                End::Panics => panic_silently("as planned"),
            }
        });
        (body, end)
    }

    fn call(self: &Rc<Self>, key: u8) {
        let step = self.model.borrow_mut().call(key);
        let mut expected = None;
        if let Step::Runs(_) = step {
            let (body, end) = self.body();
            BODY.set(Some(body));
            expected = Some(end);
        }
        let answer: Answer = catch_unwind(AssertUnwindSafe(|| (self.call)(key))).map_err(drop);
        match (step, expected) {
            (Step::Runs(run), Some(end)) => {
                let old = self.model.borrow_mut().finish(run, Some(end));
                let end = old.map_or(end, |old| End::Returns(Ok(old)));
                assert_eq!(answer.map_or(End::Panics, End::Returns), end);
                old.inspect(|old| self.model.borrow().assert_alive(*old));
            }
            (Step::Hit(value) | Step::HandsOver(value, _), _) => {
                assert_eq!(answer, Ok(Ok(value)));
                self.model.borrow().assert_alive(value);
            }
            _ => unreachable!("a run has an end"),
        }
        if let Step::HandsOver(_, run) = step {
            self.kept.borrow_mut().push_back(run);
        }
        assert_eq!(JOBS.lock().unwrap().len(), self.kept.borrow().len());
    }

    /// Runs or drops a run in the background.
    fn end_kept(self: &Rc<Self>, place: usize) {
        let run = self.kept.borrow_mut().remove(place).expect("it is kept");
        let job = JOBS.lock().unwrap().remove(place).expect("it was handed over");
        let is_overtaken = self.model.borrow().runs[&run].is_overtaken;
        if self.below(8) == 0 {
            drop(job);
            self.model.borrow_mut().finish(run, None);
        } else if is_overtaken {
            job();
            self.model.borrow_mut().finish(run, None);
        } else {
            let (body, end) = self.body();
            BODY.set(Some(body));
            let ended = catch_unwind(AssertUnwindSafe(job));
            assert_eq!(ended.is_err(), end == End::Panics);
            self.model.borrow_mut().finish(run, Some(end));
        }
    }

    fn step(self: &Rc<Self>) {
        match self.below(20) {
            0..11 => self.call(self.key()),
            11 => {
                let key = self.key();
                let found = self.cache.get(&key);
                assert_eq!(found, self.model.borrow_mut().get(key));
                found.inspect(|value| self.model.borrow().assert_alive(*value));
            }
            12..16 => self.apply(self.change()),
            _ => {
                let kept = self.kept.borrow().len() as u64;
                if kept > 0 {
                    self.end_kept(self.below(kept) as usize);
                }
            }
        }
    }

    fn check(self: Rc<Self>, steps: u32) {
        let full = std::env::var_os("MEMOFN_STRESS").is_some_and(|it| it == "full");
        let steps = if full { 1_000_000 } else { steps };
        for step in 0..steps {
            self.step();
            let mut model = self.model.borrow_mut();
            let counts = model.counts();
            assert_eq!(Counts::from(self.cache.info()), counts, "after step {step}");
            let entries = model.answers();
            let real: Vec<_> = self.cache.iter().map(|it| (*it.key(), *it.value())).collect();
            assert_eq!(real, entries, "after step {step}");
        }
        let rare = self.model.borrow().rare();
        assert!(rare.iter().all(|count| *count > 5), "{rare:?}");
    }
}

const LIFE: u64 = 10 * UNIT;
const MARK: u64 = 4 * UNIT;
const KEPT: u64 = 12 * UNIT;
const TTI: u64 = 9 * UNIT;

fn by_hand(rules: Rules) -> CacheBuilder<u8, u64> {
    let builder = Cache::builder().retry_after(Duration::from_nanos(RETRY));
    let builder = rules.maxsize.map_or(builder.clone().unbounded(), |size| builder.maxsize(size));
    let builder = match rules.life {
        Life::OfValue => builder.ttl_with(life),
        Life::Equal(life) => builder.ttl(Duration::from_nanos(life)),
        Life::Endless => builder,
    };
    let builder = match rules.kept {
        0 => builder,
        kept => builder.stale_if_error(Duration::from_nanos(kept)),
    };
    let builder = match rules.tti {
        Some(tti) => builder.tti(Duration::from_nanos(tti)),
        None => builder,
    };
    match rules.mark {
        Mark::Half => builder.refresh_part(0.5),
        Mark::After(after) => builder.refresh_after(Duration::from_nanos(after)),
    }
}

fn all_rules() -> impl Iterator<Item = Rules> {
    let sizes = [Some(1), Some(2), Some(4), None];
    let lives = [
        (Life::OfValue, Mark::Half, 0),
        (Life::OfValue, Mark::After(MARK), KEPT),
        (Life::Equal(LIFE), Mark::Half, KEPT),
        (Life::Equal(LIFE), Mark::After(MARK), 0),
        (Life::Endless, Mark::After(MARK), 0),
    ];
    let refreshed_by = Runner::Caller;
    sizes.into_iter().flat_map(move |maxsize| {
        lives.into_iter().flat_map(move |(life, mark, kept)| {
            [None, Some(TTI)].into_iter().map(move |tti| Rules {
                maxsize,
                life,
                mark,
                kept,
                tti,
                refreshed_by,
            })
        })
    })
}

#[test]
fn a_shared_cache_whose_callers_refresh_does_what_the_model_does() {
    for rules in all_rules() {
        let cache: Cache<u8, u64, Shared> = by_hand(rules).build();
        let called = cache.clone();
        Rig::of(rules, cache, move |key| called.get_or_try_compute(key, run_body)).check(5_000);
    }
}

#[test]
fn a_cache_of_one_thread_whose_callers_refresh_does_what_the_model_does() {
    for rules in all_rules().take(10) {
        let cache: Cache<u8, u64, Thread> = by_hand(rules).build_for_thread();
        let called = cache.clone();
        Rig::of(rules, cache, move |key| called.get_or_try_compute(key, run_body)).check(5_000);
    }
}

macro_rules! functions {
    ($($test:ident [$($option:tt)*] $maxsize:expr, $life:expr, $mark:expr, $kept:expr, $by:expr $(, $tti:expr)?;)*) => {$(
        #[test]
        fn $test() {
            #[memoize($($option)*, retry_after = "300ms")]
            fn f(_key: u8) -> Computed {
                run_body()
            }

            let tti = None$(.or(Some($tti)))?;
            let (life, mark, kept, refreshed_by) = ($life, $mark, $kept, $by);
            let rules = Rules { maxsize: $maxsize, life, mark, kept, tti, refreshed_by };
            Rig::of(rules, f::cache().clone(), f).check(30_000);
        }
    )*};
}

functions! {
    a_function_whose_callers_refresh_does_what_the_model_does
        [maxsize = 3, ttl = |value| life(value), refresh_after = 0.5, refresh_on = caller]
        Some(3), Life::OfValue, Mark::Half, 0, Runner::Caller;
    a_function_of_one_thread_whose_callers_refresh_does_what_the_model_does
        [maxsize = 3, ttl = "1s", refresh_after = "400ms", refresh_on = caller, scope = "thread"]
        Some(3), Life::Equal(LIFE), Mark::After(MARK), 0, Runner::Caller;
    a_function_refreshed_in_the_background_does_what_the_model_does
        [maxsize = 3, ttl = |value| life(value), refresh_after = 0.5, refresh_on = keep]
        Some(3), Life::OfValue, Mark::Half, 0, Runner::Background;
    a_function_of_equal_lives_refreshed_in_the_background_does_what_the_model_does
        [maxsize = 3, ttl = "1s", refresh_after = "400ms", refresh_on = keep]
        Some(3), Life::Equal(LIFE), Mark::After(MARK), 0, Runner::Background;
    a_function_with_room_for_one_refreshed_in_the_background_does_what_the_model_does
        [maxsize = 1, ttl = |value| life(value), refresh_after = "400ms", refresh_on = keep]
        Some(1), Life::OfValue, Mark::After(MARK), 0, Runner::Background;
    a_function_that_keeps_old_values_does_what_the_model_does
        [maxsize = 3, ttl = |value| life(value), refresh_after = 0.5, refresh_on = caller, stale_if_error = "1200ms"]
        Some(3), Life::OfValue, Mark::Half, KEPT, Runner::Caller;
    a_function_of_one_thread_that_keeps_old_values_does_what_the_model_does
        [maxsize = 3, ttl = "1s", refresh_after = "400ms", refresh_on = caller, stale_if_error = "1200ms", scope = "thread"]
        Some(3), Life::Equal(LIFE), Mark::After(MARK), KEPT, Runner::Caller;
    a_function_refreshed_in_the_background_that_keeps_old_values_does_what_the_model_does
        [maxsize = 3, ttl = |value| life(value), refresh_after = 0.5, refresh_on = keep, stale_if_error = "1200ms"]
        Some(3), Life::OfValue, Mark::Half, KEPT, Runner::Background;
    a_function_without_a_limit_that_keeps_old_values_does_what_the_model_does
        [maxsize = unbounded, ttl = "1s", refresh_after = "400ms", refresh_on = keep, stale_if_error = "1200ms"]
        None, Life::Equal(LIFE), Mark::After(MARK), KEPT, Runner::Background;
    a_function_without_a_limit_refreshed_in_the_background_does_what_the_model_does
        [maxsize = unbounded, refresh_after = "400ms", refresh_on = keep]
        None, Life::Endless, Mark::After(MARK), 0, Runner::Background;
    a_function_with_idle_entries_refreshed_in_the_background_does_what_the_model_does
        [maxsize = 3, ttl = |value| life(value), tti = "900ms", refresh_after = 0.5, refresh_on = keep]
        Some(3), Life::OfValue, Mark::Half, 0, Runner::Background, TTI;
    a_function_with_idle_entries_that_keeps_old_values_does_what_the_model_does
        [maxsize = 3, ttl = "1s", tti = "900ms", refresh_after = 0.5, refresh_on = keep, stale_if_error = "1200ms"]
        Some(3), Life::Equal(LIFE), Mark::Half, KEPT, Runner::Background, TTI;
    a_function_of_one_thread_with_idle_entries_does_what_the_model_does
        [maxsize = 3, tti = "900ms", refresh_after = "400ms", refresh_on = caller, scope = "thread"]
        Some(3), Life::Endless, Mark::After(MARK), 0, Runner::Caller, TTI;
}

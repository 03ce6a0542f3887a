//! The cache beside a simple model: a list of entries that is searched from end to end. Random operations are
//! applied to both. After each of them the result, the order of recency, the size and all counters must agree.
//!
//! The model has deadlines, errors, nested calls, tags, colliding keys and unbounded caches. Plain LRU is compared with
//! an independent implementation in `lru_oracle.rs`.

use memofn::scope::{Scope, Shared, Thread};
use memofn::testing::Clock;
use memofn::{Cache, CacheBuilder, CacheInfo, memoize};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::cell::{Cell, RefCell};
use std::fmt::Debug;
use std::hash::{Hash, Hasher};
use std::rc::Rc;
use std::time::Duration;

const CASES: u32 = 200;
const OPERATIONS: std::ops::Range<usize> = 1..260;

/// Times to live and movements of the clock are multiples of this.
const UNIT: Duration = Duration::from_millis(100);

/// A key of one byte. Keys of the same bucket have the same hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key<const BUCKETS: u8>(u8);

impl<const BUCKETS: u8> Hash for Key<BUCKETS> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.0 % BUCKETS).hash(state);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Failed;

type Computed = Result<u64, Failed>;

/// A call whose body, if it runs, does something `inside`, and then succeeds or fails.
#[derive(Debug, Clone)]
struct Call {
    key: u8,
    inside: Option<Box<Op>>,
    ok: bool,
    /// Run the body even if there is an entry. A cache made by hand has no refresh: it makes an ordinary call.
    refresh: bool,
}

#[derive(Debug, Clone)]
enum Op {
    Call(Call),
    Peek(u8),
    Insert(u8),
    Remove(u8),
    RetainEven,
    RemoveIfThird,
    /// Forget the calls with one of the [`tags`].
    Invalidate(u8),
    Clear,
    Advance(u32),
}

/// The tags of a key. The first is that of every third key.
fn tags(key: u8) -> [String; 3] {
    [tag(key), format!("own {key}"), "all".into()]
}

fn tag(key: u8) -> String {
    format!("third {}", key % 3)
}

fn operation() -> impl Strategy<Value = Op> {
    let nested = any_operation(Just(None)).prop_map(|op| Some(Box::new(op)));
    any_operation(prop_oneof![4 => Just(None), 1 => nested])
}

fn any_operation(
    inside: impl Strategy<Value = Option<Box<Op>>> + Clone,
) -> impl Strategy<Value = Op> + Clone {
    let key = || prop_oneof![3 => 0_u8..4, 2 => 0_u8..12];
    let (ok, refresh) = (prop::bool::weighted(0.85), prop::bool::weighted(0.1));
    prop_oneof![
        27 => (key(), inside, ok, refresh).prop_map(Op::call),
        4 => key().prop_map(Op::Peek),
        5 => key().prop_map(Op::Insert),
        4 => key().prop_map(Op::Remove),
        1 => Just(Op::RetainEven),
        1 => Just(Op::RemoveIfThird),
        2 => (0_u8..3).prop_map(Op::Invalidate),
        1 => Just(Op::Clear),
        5 => prop_oneof![4 => 0_u32..5, 1 => 9_u32..12].prop_map(Op::Advance),
    ]
}

impl Op {
    /// A run never calls its own key: it is not defined which of two nested runs is stored.
    fn call((key, mut inside, ok, refresh): (u8, Option<Box<Self>>, bool, bool)) -> Self {
        if let Some(Self::Call(inner)) = inside.as_deref_mut()
            && inner.key == key
        {
            inner.key += 1;
        }
        Self::Call(Call { key, inside, ok, refresh })
    }
}

struct Model {
    maxsize: Option<usize>,
    ttl: Option<Duration>,
    now: Duration,
    /// The most recently used first.
    entries: Vec<Entry>,
    /// The running bodies, the innermost last: the key, and whether the result will be stored.
    running: Vec<(u8, bool)>,
    info: CacheInfo,
}

struct Entry {
    key: u8,
    value: u64,
    deadline: Option<Duration>,
}

impl Model {
    fn new(maxsize: Option<usize>, ttl: Option<Duration>) -> Self {
        let (entries, running, info) = (Vec::new(), Vec::new(), CacheInfo::default());
        Self { maxsize, ttl, now: Duration::ZERO, entries, running, info }
    }

    fn expire(&mut self) {
        let (before, now) = (self.entries.len(), self.now);
        self.entries.retain(|entry| entry.deadline.is_none_or(|deadline| deadline > now));
        self.info.expirations += (before - self.entries.len()) as u64;
    }

    fn take(&mut self, key: u8) -> Option<Entry> {
        let place = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries.remove(place))
    }

    fn hit(&mut self, key: u8) -> Option<u64> {
        self.expire();
        let mut place = self.entries.iter().position(|entry| entry.key == key)?;
        // An unbounded cache keeps no recency. Its order is that of storing.
        if self.maxsize.is_some() {
            self.entries[..=place].rotate_right(1);
            place = 0;
        }
        self.info.hits += 1;
        Some(self.entries[place].value)
    }

    fn start(&mut self, key: u8) {
        self.info.misses += 1;
        self.running.push((key, true));
    }

    fn finish(&mut self, result: Computed) {
        self.expire();
        let (key, store) = self.running.pop().expect("a body that ends has started");
        match result {
            Ok(value) if store => self.store(key, value),
            Ok(_) => self.info.outdated += 1,
            Err(Failed) => {
                self.info.rejected += 1;
                self.info.failures += 1;
            }
        }
    }

    fn store(&mut self, key: u8, value: u64) {
        self.take(key);
        if self.maxsize == Some(0) || self.ttl == Some(Duration::ZERO) {
            return;
        }
        if self.maxsize == Some(self.entries.len()) {
            self.entries.pop();
            self.info.evictions += 1;
        }
        let deadline = self.ttl.and_then(|ttl| self.now.checked_add(ttl));
        self.entries.insert(0, Entry { key, value, deadline });
    }

    fn outdate(&mut self, key: Option<u8>) {
        let outdated = self.running.iter_mut().filter(|run| key.is_none_or(|key| run.0 == key));
        outdated.for_each(|run| run.1 = false);
    }

    fn peek(&mut self, key: u8) -> Option<u64> {
        self.expire();
        self.entries.iter().find(|entry| entry.key == key).map(|entry| entry.value)
    }

    fn insert(&mut self, key: u8, value: u64) {
        self.expire();
        self.outdate(Some(key));
        self.store(key, value);
    }

    fn remove(&mut self, key: u8) -> Option<u64> {
        self.expire();
        self.outdate(Some(key));
        self.take(key).map(|entry| entry.value)
    }

    fn invalidate(&mut self, rest: u8) -> usize {
        self.expire();
        let before = self.entries.len();
        self.entries.retain(|entry| entry.key % 3 != rest);
        let runs = self.running.iter_mut().filter(|run| run.0 % 3 == rest);
        let outdated = runs.filter_map(|run| std::mem::take(&mut run.1).then_some(())).count();
        before - self.entries.len() + outdated
    }

    fn clear(&mut self) {
        self.outdate(None);
        self.entries.clear();
        self.info = CacheInfo::default();
    }

    fn info(&mut self) -> CacheInfo {
        self.expire();
        let mut info = self.info;
        info.maxsize = self.maxsize;
        info.currsize = self.entries.len();
        info
    }

    fn entries(&mut self) -> Vec<(u8, u64)> {
        self.expire();
        self.entries.iter().map(|entry| (entry.key, entry.value)).collect()
    }
}

type Body = Rc<dyn Fn() -> Computed>;

type Refresh<'s> = Box<dyn Fn(u8, Body) -> Computed + 's>;

trait Subject {
    fn call(&self, key: u8, body: Body) -> Computed;
    /// `None` if the subject has no refresh.
    fn refresh(&self) -> Option<Refresh<'_>>;
    fn peek(&self, key: u8) -> Option<u64>;
    fn insert(&self, key: u8, value: u64);
    fn remove(&self, key: u8) -> Option<u64>;
    fn retain(&self, keep: fn(u8) -> bool);
    fn remove_if(&self, is_removed: fn(u8) -> bool);
    /// `None` if the entries of the subject have no tags.
    fn invalidate(&self, _tag: &str) -> Option<usize> {
        None
    }
    fn clear(&self);
    fn info(&self) -> CacheInfo;
    fn entries(&self) -> Vec<(u8, u64)>;
}

impl<S: Scope, const BUCKETS: u8> Subject for Cache<Key<BUCKETS>, u64, S> {
    fn call(&self, key: u8, body: Body) -> Computed {
        self.get_or_try_compute(Key(key), || body())
    }
    fn refresh(&self) -> Option<Refresh<'_>> {
        None
    }
    fn peek(&self, key: u8) -> Option<u64> {
        self.peek(&Key(key))
    }
    fn insert(&self, key: u8, value: u64) {
        self.insert(Key(key), value);
    }
    fn remove(&self, key: u8) -> Option<u64> {
        self.remove(&Key(key))
    }
    fn retain(&self, keep: fn(u8) -> bool) {
        self.retain(|key, _| keep(key.0));
    }
    fn remove_if(&self, is_removed: fn(u8) -> bool) {
        self.remove_if(|key| is_removed(key.0));
    }
    fn clear(&self) {
        self.clear();
    }
    fn info(&self) -> CacheInfo {
        self.info()
    }
    fn entries(&self) -> Vec<(u8, u64)> {
        self.iter().map(|entry| (entry.key().0, *entry.value())).collect()
    }
}

thread_local! {
    /// The bodies of the memoized functions, that of the innermost call last.
    static BODIES: RefCell<Vec<Body>> = const { RefCell::new(Vec::new()) };
}

fn with_body(body: Body, call: impl FnOnce() -> Computed) -> Computed {
    BODIES.with_borrow_mut(|bodies| bodies.push(body));
    let result = call();
    BODIES.with_borrow_mut(Vec::pop);
    result
}

fn run_body() -> Computed {
    let body = BODIES.with_borrow(|bodies| bodies.last().cloned());
    body.expect("every call brings its body")()
}

#[memoize(maxsize = 3, ttl = "1s")]
fn by_all(key: Key<2>) -> Computed {
    let Key(_) = key;
    run_body()
}

#[memoize(maxsize = 3, ttl = "1s", scope = "thread")]
fn by_one(key: Key<2>) -> Computed {
    let Key(_) = key;
    run_body()
}

macro_rules! subject {
    ($Subject:ident, $function:ident) => {
        struct $Subject;

        impl Subject for $Subject {
            fn call(&self, key: u8, body: Body) -> Computed {
                with_body(body, || $function(Key(key)))
            }
            fn refresh(&self) -> Option<Refresh<'_>> {
                Some(Box::new(|key, body| with_body(body, || $function::cache_refresh(Key(key)))))
            }
            fn peek(&self, key: u8) -> Option<u64> {
                $function::cache_peek(Key(key)).map(|found| found.unwrap())
            }
            fn insert(&self, key: u8, value: u64) {
                $function::cache_insert(Key(key), Ok(value));
            }
            fn remove(&self, key: u8) -> Option<u64> {
                $function::cache_remove(Key(key)).map(|found| found.unwrap())
            }
            fn retain(&self, keep: fn(u8) -> bool) {
                $function::cache().retain(|key, _| keep(key.0));
            }
            fn remove_if(&self, is_removed: fn(u8) -> bool) {
                $function::cache().remove_if(|key| is_removed(key.0));
            }
            fn clear(&self) {
                $function::cache_clear();
            }
            fn info(&self) -> CacheInfo {
                $function::cache_info()
            }
            fn entries(&self) -> Vec<(u8, u64)> {
                $function::cache().iter().map(|entry| (entry.key().0, *entry.value())).collect()
            }
        }
    };
}
subject!(ByAll, by_all);
subject!(ByOne, by_one);

#[memoize(cache = cache, tags = tags(key.0))]
fn given<const BUCKETS: u8>(key: Key<BUCKETS>, cache: &Cache<Key<BUCKETS>, u64>) -> Computed {
    run_body()
}

/// A given cache whose entries have tags.
struct Tagged<const BUCKETS: u8>(Cache<Key<BUCKETS>, u64>);

impl<const BUCKETS: u8> Subject for Tagged<BUCKETS> {
    fn call(&self, key: u8, body: Body) -> Computed {
        with_body(body, || given(Key(key), &self.0))
    }
    fn refresh(&self) -> Option<Refresh<'_>> {
        Some(Box::new(|key, body| with_body(body, || given::cache_refresh(Key(key), &self.0))))
    }
    fn peek(&self, key: u8) -> Option<u64> {
        Subject::peek(&self.0, key)
    }
    fn insert(&self, key: u8, value: u64) {
        if key % 2 == 0 {
            self.0.insert_tagged(Key(key), value, tags(key));
        } else {
            given::cache_insert(Key(key), &self.0, Ok(value));
        }
    }
    fn remove(&self, key: u8) -> Option<u64> {
        Subject::remove(&self.0, key)
    }
    fn retain(&self, keep: fn(u8) -> bool) {
        Subject::retain(&self.0, keep);
    }
    fn remove_if(&self, is_removed: fn(u8) -> bool) {
        Subject::remove_if(&self.0, is_removed);
    }
    fn invalidate(&self, tag: &str) -> Option<usize> {
        Some(self.0.invalidate_tag(tag))
    }
    fn clear(&self) {
        Subject::clear(&self.0);
    }
    fn info(&self) -> CacheInfo {
        Subject::info(&self.0)
    }
    fn entries(&self) -> Vec<(u8, u64)> {
        Subject::entries(&self.0)
    }
}

struct Rig {
    subject: Box<dyn Subject>,
    model: RefCell<Model>,
    clock: Clock,
    values: Cell<u64>,
    /// The first difference between the two.
    failure: RefCell<Option<String>>,
}

impl Rig {
    fn new(subject: impl Subject + 'static, (maxsize, ttl): Options) -> Rc<Self> {
        let clock = Clock::stop();
        subject.clear();
        let (subject, model) = (Box::new(subject), RefCell::new(Model::new(maxsize, ttl)));
        let (values, failure) = (Cell::new(0), RefCell::new(None));
        Rc::new(Self { subject, model, clock, values, failure })
    }

    /// Applies operations to both and compares everything visible, until there is a difference.
    fn apply(self: &Rc<Self>, ops: &[Op]) {
        for op in ops {
            if self.failure.borrow().is_none() {
                self.apply_one(op);
                let model = || self.model.borrow_mut();
                self.same(&self.subject.info(), &model().info(), op);
                self.same(&self.subject.entries(), &model().entries(), op);
            }
        }
    }

    fn apply_one(self: &Rc<Self>, op: &Op) {
        let model = || self.model.borrow_mut();
        match *op {
            Op::Call(ref call) => self.call(call, op),
            Op::Peek(key) => self.same(&self.subject.peek(key), &model().peek(key), op),
            Op::Insert(key) => {
                let value = self.fresh_value();
                self.subject.insert(key, value);
                model().insert(key, value);
            }
            Op::Remove(key) => self.same(&self.subject.remove(key), &model().remove(key), op),
            Op::RetainEven => {
                self.subject.retain(|key| key % 2 == 0);
                let refused = model().entries().into_iter().filter(|(key, _)| key % 2 == 1);
                // A run that renews a refused value is outdated. A first run of an odd key is not.
                refused.for_each(|(key, _)| {
                    model().remove(key);
                });
            }
            Op::RemoveIfThird => {
                self.subject.remove_if(|key| key % 3 == 0);
                (0..=12).filter(|key| key % 3 == 0).for_each(|key| {
                    model().remove(key);
                });
            }
            Op::Invalidate(rest) => {
                if let Some(several) = self.subject.invalidate(&tag(rest)) {
                    self.same(&several, &model().invalidate(rest), op);
                }
            }
            Op::Clear => {
                self.subject.clear();
                model().clear();
            }
            Op::Advance(units) => {
                self.clock.advance(UNIT * units);
                model().now += UNIT * units;
            }
        }
    }

    fn call(self: &Rc<Self>, call: &Call, op: &Op) {
        let &Call { key, ref inside, ok, refresh } = call;
        let refresh = self.subject.refresh().filter(|_| refresh);
        let known = if refresh.is_some() { None } else { self.model.borrow_mut().hit(key) };
        if known.is_none() {
            self.model.borrow_mut().start(key);
        }
        let ran = Rc::new(Cell::new(None));
        let body = {
            let (rig, ran, inside) = (Rc::clone(self), Rc::clone(&ran), inside.clone());
            Rc::new(move || {
                rig.apply(inside.as_deref().map_or(&[], std::slice::from_ref));
                let result = if ok { Ok(rig.fresh_value()) } else { Err(Failed) };
                ran.set(Some(result));
                result
            })
        };
        let result = match refresh {
            Some(refresh) => refresh(key, body),
            None => self.subject.call(key, body),
        };
        self.same(&known.is_none(), &ran.get().is_some(), op);
        self.same(&Some(result), &known.map(Ok).or(ran.get()), op);
        if let (None, Some(result)) = (known, ran.get()) {
            self.model.borrow_mut().finish(result);
        }
    }

    /// No two values are equal. A stale value can therefore not pass for a new one.
    fn fresh_value(&self) -> u64 {
        self.values.set(self.values.get() + 1);
        self.values.get()
    }

    fn same<T: PartialEq + Debug>(&self, real: &T, model: &T, op: &Op) {
        if real != model {
            let failure = format!("after {op:?}:\n  real: {real:?}\n model: {model:?}");
            self.failure.borrow_mut().get_or_insert(failure);
        }
    }
}

fn check<T: Debug>(seed: u8, options: impl Strategy<Value = T>, rig: impl Fn(&T) -> Rc<Rig>) {
    let config = Config {
        cases: CASES,
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let done = Cell::new(0);
    let strategy = (options, vec(operation(), OPERATIONS));
    let all = TestRunner::new_with_rng(config, rng).run(&strategy, |(options, ops)| {
        let rig = rig(&options);
        rig.apply(&ops);
        done.set(done.get() + ops.len());
        rig.failure.take().map_or(Ok(()), |failure| Err(TestCaseError::fail(failure)))
    });
    all.unwrap_or_else(|failure| panic!("{failure}"));
    assert!(done.get() >= 20_000, "only {} operations were done", done.get());
}

type Options = (Option<usize>, Option<Duration>);

fn options() -> impl Strategy<Value = Options> {
    let maxsizes = vec![Some(0), Some(1), Some(2), Some(3), Some(8), None];
    let lives =
        vec![None, Some(UNIT * 4), Some(UNIT * 10), Some(Duration::ZERO), Some(Duration::MAX)];
    (prop::sample::select(maxsizes), prop::sample::select(lives))
}

fn builder<const BUCKETS: u8>((maxsize, ttl): Options) -> CacheBuilder<Key<BUCKETS>, u64> {
    let builder = Cache::builder();
    let builder = maxsize.map_or(builder.clone().unbounded(), |size| builder.maxsize(size));
    ttl.map_or(builder.clone(), |ttl| builder.ttl(ttl))
}

fn check_shared<const BUCKETS: u8>(seed: u8) {
    check(seed, options(), |&options| {
        let cache: Cache<Key<BUCKETS>, u64, Shared> = builder(options).build();
        Rig::new(cache, options)
    });
}

fn check_thread<const BUCKETS: u8>(seed: u8) {
    check(seed, options(), |&options| {
        let cache: Cache<Key<BUCKETS>, u64, Thread> = builder(options).build_for_thread();
        Rig::new(cache, options)
    });
}

#[test]
fn a_shared_cache_does_what_the_model_does() {
    check_shared::<255>(1);
}

#[test]
fn a_shared_cache_whose_keys_all_collide_does_what_the_model_does() {
    check_shared::<1>(2);
}

#[test]
fn a_shared_cache_whose_keys_collide_in_groups_does_what_the_model_does() {
    check_shared::<3>(3);
}

fn check_tagged<const BUCKETS: u8>(seed: u8) {
    check(seed, options(), |&options| {
        Rig::new(Tagged::<BUCKETS>(builder(options).build()), options)
    });
}

#[test]
fn a_cache_with_tags_does_what_the_model_does() {
    check_tagged::<255>(9);
}

#[test]
fn a_cache_with_tags_whose_keys_collide_in_groups_does_what_the_model_does() {
    check_tagged::<3>(10);
}

#[test]
fn a_thread_cache_does_what_the_model_does() {
    check_thread::<255>(4);
}

#[test]
fn a_thread_cache_whose_keys_all_collide_does_what_the_model_does() {
    check_thread::<1>(5);
}

#[test]
fn a_thread_cache_whose_keys_collide_in_groups_does_what_the_model_does() {
    check_thread::<3>(6);
}

#[test]
fn a_memoized_function_does_what_the_model_does() {
    check(7, Just(()), |()| Rig::new(ByAll, (Some(3), Some(UNIT * 10))));
}

#[test]
fn a_function_memoized_for_each_thread_does_what_the_model_does() {
    check(8, Just(()), |()| Rig::new(ByOne, (Some(3), Some(UNIT * 10))));
}

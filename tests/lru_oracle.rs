//! `memofn` beside the `lru` crate, an independent implementation of the same policy. Random operations
//! are applied to both. After each of them the results, the counters and the evicted key must agree;
//! from time to time the contents are compared in order of recency.
//!
//! What `lru` cannot do is compared with a model in `model.rs`: deadlines, errors, nested calls and
//! unbounded caches.
//!
//! The operations follow from a fixed seed, which a failure names. With `MEMOFN_STRESS=full` each subject
//! does a million operations.

use lru::LruCache;
use memofn::scope::{Scope, Shared, Thread};
use memofn::{Cache, CacheInfo, memoize};
use std::cell::Cell;
use std::fmt::Debug;
use std::num::NonZeroUsize;

const MILLION: usize = 1_000_000;

/// The contents are compared in full once in so many operations.
const FULL_COMPARISON: usize = 1_000;

thread_local! {
    static LATEST_VALUE: Cell<u64> = const { Cell::new(0) };
}

/// A value that no call has returned before. A stale result can therefore not pass for a new one.
fn new_value() -> u64 {
    LATEST_VALUE.set(LATEST_VALUE.get() + 1);
    LATEST_VALUE.get()
}

/// The subject of the comparison with `lru`.
trait Subject {
    fn call(&self, key: u32) -> u64;
    /// Runs the body, even if there is an entry. `None` if the subject cannot.
    fn refresh(&self, key: u32) -> Option<u64>;
    fn peek(&self, key: u32) -> Option<u64>;
    fn insert(&self, key: u32, value: u64);
    fn remove(&self, key: u32) -> Option<u64>;
    fn retain(&self, keep: fn(u32, u64) -> bool);
    fn clear(&self);
    fn info(&self) -> CacheInfo;
    /// The most recently used first.
    fn entries(&self) -> Vec<(u32, u64)>;
}

impl<S: Scope> Subject for Cache<u32, u64, S> {
    fn call(&self, key: u32) -> u64 {
        self.get_or_compute(key, new_value)
    }
    fn refresh(&self, _: u32) -> Option<u64> {
        None
    }
    fn peek(&self, key: u32) -> Option<u64> {
        self.peek(&key)
    }
    fn insert(&self, key: u32, value: u64) {
        self.insert(key, value);
    }
    fn remove(&self, key: u32) -> Option<u64> {
        self.remove(&key)
    }
    fn retain(&self, keep: fn(u32, u64) -> bool) {
        self.retain(|key, value| keep(*key, *value));
    }
    fn clear(&self) {
        self.clear();
    }
    fn info(&self) -> CacheInfo {
        self.info()
    }
    fn entries(&self) -> Vec<(u32, u64)> {
        self.iter().map(|entry| (*entry.key(), *entry.value())).collect()
    }
}

/// A subject for each memoized function, and the list of them with their sizes.
macro_rules! memoized {
    ($list:ident, $scope:literal: $($function:ident = $maxsize:literal),+) => {
        $(
            #[memoize(maxsize = $maxsize, scope = $scope)]
            fn $function(key: u32) -> u64 {
                let _ = key;
                new_value()
            }
        )+

        fn $list() -> Vec<(usize, Box<dyn Subject>)> {
            let mut list: Vec<(usize, Box<dyn Subject>)> = Vec::new();
            $({
                struct Function;
                impl Subject for Function {
                    fn call(&self, key: u32) -> u64 {
                        $function(key)
                    }
                    fn refresh(&self, key: u32) -> Option<u64> {
                        Some($function::cache_refresh(key))
                    }
                    fn peek(&self, key: u32) -> Option<u64> {
                        $function::cache_peek(key)
                    }
                    fn insert(&self, key: u32, value: u64) {
                        $function::cache_insert(key, value);
                    }
                    fn remove(&self, key: u32) -> Option<u64> {
                        $function::cache_remove(key)
                    }
                    fn retain(&self, keep: fn(u32, u64) -> bool) {
                        $function::cache().retain(|key, value| keep(*key, *value));
                    }
                    fn clear(&self) {
                        $function::cache_clear();
                    }
                    fn info(&self) -> CacheInfo {
                        $function::cache_info()
                    }
                    fn entries(&self) -> Vec<(u32, u64)> {
                        $function::cache().iter().map(|entry| (*entry.key(), *entry.value())).collect()
                    }
                }
                list.push(($maxsize, Box::new(Function)));
            })+
            list
        }
    };
}
memoized!(main_function, "shared": main_case = 128);
memoized!(shared_functions, "shared": shared_1 = 1, shared_2 = 2, shared_7 = 7, shared_1000 = 1000);
memoized!(
    thread_functions, "thread":
    thread_1 = 1, thread_2 = 2, thread_7 = 7, thread_128 = 128, thread_1000 = 1000
);

/// `lru`, with the counters that it does not keep.
struct Oracle {
    lru: LruCache<u32, u64>,
    info: CacheInfo,
    /// The entry that the latest operation evicted.
    evicted: Option<u32>,
}

impl Oracle {
    fn new(maxsize: usize) -> Self {
        let size = NonZeroUsize::new(maxsize).expect("`lru` holds one entry at least");
        let mut oracle =
            Self { lru: LruCache::new(size), info: CacheInfo::default(), evicted: None };
        oracle.info.maxsize = Some(maxsize);
        oracle
    }

    fn store(&mut self, key: u32, value: u64) {
        if let Some((out, _)) = self.lru.push(key, value)
            && out != key
        {
            self.info.evictions += 1;
            self.evicted = Some(out);
        }
    }

    fn retain(&mut self, keep: fn(u32, u64) -> bool) {
        let entries = self.lru.iter().map(|(key, value)| (*key, *value));
        let dropped: Vec<_> = entries.filter(|&(key, value)| !keep(key, value)).collect();
        for (key, _) in dropped {
            self.lru.pop(&key);
        }
    }

    fn clear(&mut self) {
        self.lru.clear();
        self.info = CacheInfo::default();
        self.info.maxsize = Some(self.lru.cap().get());
    }

    fn info(&self) -> CacheInfo {
        let mut info = self.info;
        info.currsize = self.lru.len();
        info
    }

    fn entries(&self) -> Vec<(u32, u64)> {
        self.lru.iter().map(|(key, value)| (*key, *value)).collect()
    }
}

/// `SplitMix64`.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `end - 1`.
    fn below(&mut self, end: u32) -> u32 {
        u32::try_from(self.next() % u64::from(end)).expect("it is less than a `u32`")
    }
}

/// How the keys are distributed.
#[derive(Debug, Clone, Copy)]
enum Keys {
    /// Twice as many keys as entries, all equally frequent.
    Uniform,
    /// Few keys are frequent, most are rare.
    Skewed,
    /// One key more than there are entries, in turn: a call of LRU never hits.
    Cycle,
    /// Some keys are frequent for a while, then others.
    Moving,
}

impl Keys {
    const ALL: [Self; 4] = [Self::Uniform, Self::Skewed, Self::Cycle, Self::Moving];

    fn key(self, step: usize, maxsize: usize, random: &mut Random) -> u32 {
        let size = u32::try_from(maxsize).expect("a small cache");
        let step = u32::try_from(step).expect("few operations");
        match self {
            Self::Uniform => random.below(2 * size),
            Self::Skewed => {
                let end = 1 + random.below(8 * size);
                let end = 1 + random.below(end);
                random.below(end)
            }
            Self::Cycle => step % (size + 1),
            Self::Moving => step / 8 + random.below(size + size / 8 + 1),
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Operation {
    Call(u32),
    Refresh(u32),
    Peek(u32),
    Insert(u32),
    Remove(u32),
    Retain,
    Clear,
}

impl Operation {
    fn random(key: u32, random: &mut Random) -> Self {
        match random.below(20_000) {
            0..=1 => Self::Clear,
            2..=20 => Self::Retain,
            21..=400 => Self::Refresh(key),
            401..=1000 => Self::Remove(key),
            1001..=2000 => Self::Insert(key),
            2001..=4000 => Self::Peek(key),
            _ => Self::Call(key),
        }
    }
}

fn two_of_three(key: u32, value: u64) -> bool {
    (u64::from(key) + value) % 3 != 0
}

/// One run of operations. Fields name it when it fails.
#[derive(Debug, Clone, Copy)]
#[allow(dead_code, reason = "the fields are printed")]
struct Run {
    seed: u64,
    maxsize: usize,
    keys: Keys,
    step: usize,
    operation: Operation,
}

impl Run {
    #[track_caller]
    fn same<T: PartialEq + Debug>(&self, what: &str, memofn: &T, lru: &T) {
        assert!(
            memofn == lru,
            "{what}: memofn and lru differ\n memofn: {memofn:?}\n    lru: {lru:?}\n{self:?}"
        );
    }

    /// Applies the operation to both, and compares the results.
    fn apply(&self, subject: &dyn Subject, oracle: &mut Oracle) {
        match self.operation {
            Operation::Call(key) => {
                let before = LATEST_VALUE.get();
                let result = subject.call(key);
                let ran = LATEST_VALUE.get() != before;
                let hit = oracle.lru.get(&key).copied();
                self.same("whether the body runs", &ran, &hit.is_none());
                self.same("the result", &result, &hit.unwrap_or(before + 1));
                if hit.is_some() {
                    oracle.info.hits += 1;
                } else {
                    oracle.info.misses += 1;
                    oracle.store(key, result);
                }
            }
            Operation::Refresh(key) => {
                let expected = LATEST_VALUE.get() + 1;
                if let Some(result) = subject.refresh(key) {
                    self.same("the result", &result, &expected);
                    oracle.info.misses += 1;
                    oracle.store(key, result);
                }
            }
            Operation::Peek(key) => {
                self.same("the result", &subject.peek(key), &oracle.lru.peek(&key).copied());
            }
            Operation::Insert(key) => {
                let value = new_value();
                subject.insert(key, value);
                oracle.store(key, value);
            }
            Operation::Remove(key) => {
                self.same("the result", &subject.remove(key), &oracle.lru.pop(&key));
            }
            Operation::Retain => {
                subject.retain(two_of_three);
                oracle.retain(two_of_three);
            }
            Operation::Clear => {
                subject.clear();
                oracle.clear();
            }
        }
        // Equal contents before, the same key evicted and equal sizes: the contents are equal again.
        if let Some(evicted) = oracle.evicted.take() {
            self.same("the evicted entry", &subject.peek(evicted), &None);
        }
        self.same("the counters", &subject.info(), &oracle.info());
    }
}

/// Applies `operations`, a share of them for each distribution of keys.
fn compare(seed: u64, operations: usize, subjects: &[(usize, Box<dyn Subject>)]) {
    let full = std::env::var_os("MEMOFN_STRESS").is_some_and(|it| it == "full");
    let operations = if full { MILLION } else { operations };
    for &(maxsize, ref subject) in subjects {
        let subject = subject.as_ref();
        let (mut oracle, mut random) = (Oracle::new(maxsize), Random(seed));
        for keys in Keys::ALL {
            for step in 0..operations / Keys::ALL.len() {
                let key = keys.key(step, maxsize, &mut random);
                let operation = Operation::random(key, &mut random);
                let run = Run { seed, maxsize, keys, step, operation };
                run.apply(subject, &mut oracle);
                if step % FULL_COMPARISON == 0 {
                    run.same("the order of the entries", &subject.entries(), &oracle.entries());
                }
            }
        }
        assert_eq!(
            subject.entries(),
            oracle.entries(),
            "seed {seed}, maxsize {maxsize}, at the end"
        );
    }
}

/// Caches made by hand, from `new`.
fn by_hand<S: Scope>(new: fn(usize) -> Cache<u32, u64, S>) -> Vec<(usize, Box<dyn Subject>)> {
    let subject = |size| (size, Box::new(new(size)) as Box<dyn Subject>);
    [1, 2, 3, 16, 100, 1000].map(subject).into()
}

#[test]
fn a_million_operations_leave_a_memoized_function_as_they_leave_lru() {
    compare(1, MILLION, &main_function());
}

#[test]
fn memoized_functions_of_all_sizes_evict_as_lru_does() {
    compare(2, 20_000, &shared_functions());
}

#[test]
fn functions_memoized_for_each_thread_evict_as_lru_does() {
    compare(3, 20_000, &thread_functions());
}

#[test]
fn shared_caches_by_hand_evict_as_lru_does() {
    compare(4, 20_000, &by_hand::<Shared>(Cache::new));
}

#[test]
fn thread_caches_by_hand_evict_as_lru_does() {
    compare(
        5,
        40_000,
        &by_hand::<Thread>(|size| Cache::<u32, u64>::builder().maxsize(size).build_for_thread()),
    );
}

//! The listener of a cache beside a model that predicts each call of it: which value leaves, in which order, and why.
//!
//! With `MEMOFN_STRESS=full` in the environment there are ten million steps in place of a hundred thousand.

use futures::executor::block_on;
use memofn::EvictionCause::{self, Cleared, Expired, Removed, Replaced, Size};
use memofn::scope::Scope;
use memofn::testing::Clock;
use memofn::{Cache, CacheBuilder};
use std::cell::Cell;
use std::collections::{BTreeSet, HashSet};
use std::mem;
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn steps() -> u64 {
    let full = std::env::var_os("MEMOFN_STRESS").is_some_and(|it| it == "full");
    if full { 10_000_000 } else { 100_000 }
}

/// A value. No other has its number.
type Number = u64;

/// A value that has left, by key and number.
type Left = (u8, Number, EvictionCause);

/// `SplitMix64`.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut it = self.0;
        it = (it ^ it >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        it = (it ^ it >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        it ^ it >> 31
    }

    fn below(&mut self, end: u64) -> u8 {
        (self.next() % end).to_le_bytes()[0]
    }
}

#[derive(Debug, Clone, Copy)]
struct Stored {
    key: u8,
    number: Number,
    deadline: u64,
}

/// What a cache of one thread holds, the least recently used first, and what has left it since it was last asked.
struct Model {
    stored: Vec<Stored>,
    maxsize: usize,
    now: u64,
    left: Vec<Left>,
}

impl Model {
    /// The seconds for which an entry answers.
    const TTL: u64 = 7;

    /// More than these are not given back in one step.
    const FEW: usize = 12;

    /// Nearly every step begins with this.
    fn expire(&mut self) {
        let now = self.now;
        self.take(|it| it.deadline <= now, Expired);
    }

    fn take(&mut self, is_it: impl Fn(&Stored) -> bool, why: EvictionCause) {
        let (gone, kept) = mem::take(&mut self.stored).into_iter().partition::<Vec<_>, _>(is_it);
        self.stored = kept;
        self.left.extend(gone.iter().map(|it| (it.key, it.number, why)));
    }

    fn find(&self, key: u8) -> Option<Number> {
        self.stored.iter().find(|it| it.key == key).map(|it| it.number)
    }

    fn hit(&mut self, key: u8) -> Option<Number> {
        let at = self.stored.iter().position(|it| it.key == key)?;
        self.stored[at..].rotate_left(1);
        self.stored.last().map(|it| it.number)
    }

    fn evict_to(&mut self, size: usize) {
        while self.stored.len() > size {
            let Stored { key, number, deadline } = self.stored.remove(0);
            let why = if deadline <= self.now { Expired } else { Size };
            self.left.push((key, number, why));
        }
    }

    fn store(&mut self, key: u8, number: Number) {
        self.take(|it| it.key == key, Replaced);
        if self.maxsize > 0 {
            self.evict_to(self.maxsize - 1);
            self.stored.push(Stored { key, number, deadline: self.now + Self::TTL });
        }
    }
}

/// Tells of the same values in the order of their numbers: what leaves together does so in no order.
fn sorted(mut left: Vec<Left>) -> Vec<Left> {
    left.sort_unstable_by_key(|it| it.1);
    left
}

/// A cache, its model, and the numbers of values.
struct Pair<S: Scope> {
    cache: Cache<u8, Number, S>,
    model: Model,
    clock: Clock,
    numbers: Cell<Number>,
}

impl<S: Scope> Pair<S> {
    /// The number of a new value.
    fn value(&self) -> Number {
        self.numbers.set(self.numbers.get() + 1);
        self.numbers.get()
    }

    /// Does a step with both.
    fn step(&mut self, what: u8, key: u8) {
        // These three expire nothing, or say themselves what they do to it.
        if !matches!(what, 49 | 50 | 56..) {
            self.model.expire();
        }
        match what {
            0..30 => {
                let next = self.numbers.get() + 1;
                let answer = match what % 4 {
                    0 => block_on(self.cache.get_or_compute_async(key, async || self.value())),
                    1 => self.cache.get_or_try_compute::<()>(key, || Ok(self.value())).unwrap(),
                    _ => self.cache.get_or_compute(key, || self.value()),
                };
                let hit = self.model.hit(key);
                assert_eq!(hit.unwrap_or(next), answer);
                if hit.is_none() {
                    self.model.store(key, answer);
                }
            }
            30..34 => {
                let failed = self.cache.get_or_try_compute(key, || Err(()));
                assert_eq!(failed.ok(), self.model.hit(key));
            }
            34..42 => {
                let number = self.value();
                self.cache.insert(key, number);
                self.model.store(key, number);
            }
            42..47 => {
                assert_eq!(self.cache.remove(&key), self.model.find(key));
                self.model.take(|it| it.key == key, Removed);
            }
            47 => {
                self.cache.retain(|it, _| it % 3 != key % 3);
                self.model.take(|it| it.key % 3 == key % 3, Removed);
            }
            48 => {
                self.cache.remove_if(|it| it % 5 == key % 5);
                self.model.take(|it| it.key % 5 == key % 5, Removed);
            }
            49 => {
                self.cache.clear();
                self.model.take(|_| true, Cleared);
            }
            50 => {
                self.model.maxsize = usize::from(key) % (Model::FEW + 1);
                self.cache.set_maxsize(self.model.maxsize);
                self.model.evict_to(self.model.maxsize);
            }
            // A run whose key is removed meanwhile: its value was never stored.
            51 => {
                let is_stored = self.model.hit(key).is_some();
                self.cache.get_or_compute(key, || {
                    self.cache.remove(&key);
                    self.value()
                });
                assert!(is_stored || self.cache.peek(&key).is_none());
            }
            52..54 => assert_eq!(self.cache.len(), self.model.stored.len()),
            54..56 => assert_eq!(self.cache.get(&key), self.model.hit(key)),
            _ => {
                let seconds = u64::from(key % 3);
                self.clock.advance(Duration::from_secs(seconds));
                self.model.now += seconds;
            }
        }
    }
}

/// Does random steps with a cache and with the model, and compares what the listener has heard after each.
fn agrees<S: Scope>(
    seed: u64,
    steps: u64,
    build: impl FnOnce(CacheBuilder<u8, Number>) -> Cache<u8, Number, S>,
) {
    let log = Arc::new(Mutex::new(Vec::<Left>::new()));
    let heard = Arc::clone(&log);
    let builder = Cache::builder()
        .maxsize(Model::FEW)
        .ttl(Duration::from_secs(Model::TTL))
        .on_evict(move |key, number, why| heard.lock().unwrap().push((*key, *number, why)));
    let clock = Clock::stop();
    let model = Model { stored: Vec::new(), maxsize: Model::FEW, now: 0, left: Vec::new() };
    let mut pair = Pair { cache: build(builder), model, clock, numbers: Cell::new(0) };
    let mut random = Random(seed);
    let (mut told, mut causes) = (BTreeSet::new(), HashSet::new());
    for step in 0..steps {
        let (what, key) = (random.below(64), random.below(20));
        pair.step(what, key);
        let heard = mem::take(&mut *log.lock().unwrap());
        for (_, number, why) in &heard {
            causes.insert(*why);
            assert!(
                told.insert(*number),
                "{number} is told of twice, in step {step} of seed {seed}"
            );
        }
        let expected = mem::take(&mut pair.model.left);
        assert_eq!(sorted(heard), sorted(expected), "step {step} of seed {seed}, {what} of {key}");
    }
    assert_eq!(causes.len(), 5, "each way out was taken");
    pair.model.expire();
    let held: BTreeSet<_> = pair.cache.iter().map(|entry| *entry.value()).collect();
    assert_eq!(held, pair.model.stored.iter().map(|it| it.number).collect());
    assert!(held.is_disjoint(&told));
}

#[test]
fn each_value_that_leaves_is_told_of_once_as_a_model_predicts() {
    // The numbers that were told are kept for so many steps.
    const RUN: u64 = 50_000;
    for run in 0..steps() / 2 / RUN {
        agrees(2 * run, RUN, CacheBuilder::build);
        agrees(2 * run + 1, RUN, CacheBuilder::build_for_thread);
    }
}

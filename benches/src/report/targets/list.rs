//! All targets.

use super::Target;
use super::run::{Run, over};
use crate::{names, titles};

/// The targets of a run.
pub(super) fn all(run: Run<'_>) -> Vec<Target> {
    let mut list = List { run, targets: Vec::new() };
    list.hits();
    list.texts();
    list.times();
    list.thread_scope();
    list.misses();
    list.zipf();
    list.threads();
    list.asynchronous();
    list.recursions();
    list.processes();
    list.memory();
    list.targets
}

struct List<'a> {
    run: Run<'a>,
    targets: Vec<Target>,
}

/// One thread, and two: the first two columns of most scenarios.
const ONE: usize = 0;
const TWO: usize = 1;

/// The two ways to use `quick_cache`, of which the faster counts.
const QUICK: [&str; 2] = [names::QUICK, names::QUICK_WITH];

impl List<'_> {
    fn add(&mut self, what: &str, value: Option<f64>, goal: f64, stretch: f64) {
        self.targets.push(Target { what: what.to_owned(), value, goal, stretch });
    }

    fn one(&self, title: &str, name: &str) -> Option<f64> {
        self.run.min(title, ONE, name)
    }

    fn two(&self, title: &str, name: &str) -> Option<f64> {
        self.run.min(title, TWO, name)
    }

    /// A contestant of ours beside the fastest peer.
    fn beside_best(&mut self, what: &str, at: (&str, usize, &str), goal: f64, stretch: f64) {
        let (title, column, ours) = at;
        let (peer, best) = self.run.best_peer(title, column);
        let ratio = over(self.run.min(title, column, ours), best);
        self.add(&format!("{what} / best peer ({peer})"), ratio, goal, stretch);
    }

    fn hits(&mut self) {
        let (floor, ours) = (names::FLOOR, names::MEMOFN);
        let hit = self.one(titles::HITS, ours);
        let ratio = over(hit, self.one(titles::HITS, floor));
        self.add("shared hit, u64, 1 thread / the floor", ratio, 2.3, 1.7);
        self.beside_best("shared hit, 1 thread", (titles::HITS, ONE, ours), 1.0, 0.8);
        let ratio = over(self.two(titles::HITS, ours), hit);
        self.add("shared hit, 2 threads / own 1 thread, 256 keys", ratio, 0.6, 0.52);
        let ratio = over(self.two(titles::HOT, ours), self.one(titles::HOT, ours));
        self.add("shared hit, 2 threads / own 1 thread, one hot key", ratio, 0.6, 0.52);
        self.beside_best("shared hit, 2 threads", (titles::HITS, TWO, ours), 0.6, 0.5);
    }

    fn texts(&mut self) {
        let ours = names::MEMOFN;
        let ratio = over(self.one(titles::TEXT, ours), self.one(titles::TEXT, names::FLOOR));
        self.add("(&str, u32) hit / the borrowed floor", ratio, 1.5, 1.2);
        let numbers = titles::TEXT_NUMBERS;
        self.beside_best("(&str, u32) hit, 2 threads", (numbers, TWO, ours), 0.6, 0.5);
        let hot = (titles::HOT_TEXT, TWO, ours);
        self.beside_best("hit of one hot Arc<str>, 2 threads", hot, 0.8, 0.7);
    }

    fn times(&mut self) {
        let title = titles::TTL;
        let (plain, floor) = (self.one(title, names::MEMOFN), self.one(title, names::FLOOR));
        let ttl = self.one(title, names::MEMOFN_TTL);
        let added = ttl.zip(plain).map(|(ttl, plain)| ttl - plain);
        let what = "what a ttl adds to a hit, in units of the floor";
        self.add(what, over(added, floor), 1.7, 1.0);
        let at = (title, TWO, names::MEMOFN_TTL);
        self.beside_best("hit with a ttl, 2 threads", at, 0.5, 0.3);
        for (column, what) in
            [(1, "slowest of 50 calls"), (4, "slowest of 50 calls after two threads")]
        {
            let slowest = |name| self.run.min(titles::EXPIRY, column, name);
            let many = slowest(names::MEMOFN_EXPIRED_MANY);
            let ratio = over(many, slowest(names::MEMOFN_EXPIRED_FEW));
            self.add(&format!("{what}, 500,000 / 2,000 expired"), ratio, 5.0, 2.0);
        }
    }

    fn thread_scope(&mut self) {
        let hits = titles::THREAD_HITS;
        let bounded = over(self.one(hits, names::MEMOFN_THREAD), self.one(hits, names::MEMOIZE));
        self.add("thread-scope LRU hit / memoize thread-local LRU", bounded, 1.1, 0.8);
        let unbounded = self.one(hits, names::MEMOFN_THREAD_UNBOUNDED);
        let ratio = over(unbounded, self.one(hits, names::FLOOR));
        self.add("thread-scope unbounded hit / the floor", ratio, 1.4, 1.15);
        let misses = titles::THREAD_MISSES;
        let by_hand = self.one(misses, names::MUTEX_LRU);
        let ratio = over(self.one(misses, names::MEMOFN_THREAD), by_hand);
        self.add("thread-scope miss + evict / Mutex<lru> by hand", ratio, 1.1, 0.8);
    }

    fn misses(&mut self) {
        let miss = over(
            self.one(titles::MISSES, names::MEMOFN),
            self.run.least(titles::MISSES, ONE, &QUICK),
        );
        self.add("shared miss + evict / quick_cache (the faster way)", miss, 1.0, 0.7);
        for (column, what) in ["1 thread", "2 threads", "1 thread after two"].iter().enumerate() {
            let ours = self.run.min(titles::OWNING_MISSES, column, names::MEMOFN);
            let ratio = over(ours, self.run.least(titles::OWNING_MISSES, column, &QUICK));
            let what = format!("miss + evict of String, {what} / quick_cache (the faster way)");
            self.add(&what, ratio, 1.0, 0.8);
        }
        let concurrent = self.one(titles::BUSY_MISSES, names::CONCURRENT_CACHED);
        let ratio = over(self.one(titles::BUSY_MISSES, names::MEMOFN), concurrent);
        self.add("misses of 8 threads, a body of 2 us / concurrent_cached", ratio, 1.0, 0.8);
    }

    fn zipf(&mut self) {
        let ours = names::MEMOFN;
        self.beside_best("Zipf of u64, 2 threads", (titles::ZIPF, TWO, ours), 1.0, 0.8);
        let title = titles::OWNING_ZIPF;
        let ratio = over(self.one(title, ours), self.run.least(title, ONE, &QUICK));
        self.add("Zipf of String, 1 thread / quick_cache (the faster way)", ratio, 1.2, 0.9);
        self.beside_best("Zipf of String, 2 threads", (title, TWO, ours), 1.0, 0.8);
    }

    fn threads(&mut self) {
        let ours = names::MEMOFN;
        for (column, what) in ["String", "u64"].iter().enumerate() {
            let miss = |name| self.run.min(titles::ENDED, column, name);
            let ratio = over(miss(names::MEMOFN_ENDED), miss(ours));
            let what = format!("miss + evict of {what}, after 2,000 threads / before");
            self.add(&what, ratio, 1.5, 1.1);
        }
        let columns = ["u64, 1 thread", "u64, 2 threads", "String, 1 thread", "String, 2 threads"];
        for (column, what) in columns.iter().enumerate() {
            let hit = |name| self.run.min(titles::IDLE, column, name);
            let ratio = over(hit(names::MEMOFN_IDLE), hit(ours));
            self.add(&format!("hit of {what}, beside 20 idle threads / none"), ratio, 1.2, 1.05);
        }
    }

    fn asynchronous(&mut self) {
        let (hits, misses) = (titles::ASYNC_HITS, titles::ASYNC_MISSES);
        let ours = names::MEMOFN_ASYNC;
        let ratio = over(self.one(hits, ours), self.one(hits, names::MEMOFN));
        self.add("async hit / sync hit", ratio, 1.5, 1.1);
        let moka = [names::MOKA_FUTURE, names::MOKA_FUTURE_WITH];
        let ratio = over(self.one(misses, ours), self.run.least(misses, ONE, &moka));
        self.add("async miss, ready body / moka::future (the faster way)", ratio, 1.0, 0.7);
        let ratio = over(self.one(misses, ours), self.one(misses, names::QUICK_ASYNC));
        self.add("async miss, ready body / quick_cache async", ratio, 1.0, 0.7);
        let tasks = titles::MANY_TASKS;
        let ratio = over(self.one(tasks, ours), self.one(tasks, names::MOKA_FUTURE_WITH));
        self.add("10^5 tasks await 100 keys / moka::future", ratio, 1.0, 0.7);
    }

    fn recursions(&mut self) {
        for (title, name) in [(titles::FIB, "fib"), (titles::EDIT, "edit distance")] {
            self.beside_same_scope(title, &format!("cold {name}"), (1.2, 0.9), (0.9, 0.6));
        }
    }

    fn processes(&mut self) {
        for (title, name) in [
            (titles::STONES, "(u64, usize) keys"),
            (titles::SPRINGS, "(String, Vec<usize>) keys"),
            (titles::DICE, "keys of five i64"),
            (titles::TABLE, "10^6 entries and their end"),
        ] {
            let what = format!("whole process, {name}");
            self.beside_same_scope(title, &what, (1.0, 0.8), (1.0, 0.8));
        }
        let memory = |name| self.run.min(titles::DICE, 1, name);
        let ratio = over(memory(names::MEMOFN), memory(names::CACHED));
        self.add("memory at its peak, keys of five i64, shared / #[cached]", ratio, 1.0, 0.8);
    }

    /// A shared cache beside `#[cached]`, and one for each thread beside `memoize`, all unbounded.
    fn beside_same_scope(&mut self, title: &str, what: &str, of: (f64, f64), thread: (f64, f64)) {
        let shared = over(self.one(title, names::MEMOFN), self.one(title, names::CACHED));
        self.add(&format!("{what}, shared / #[cached] unbounded"), shared, of.0, of.1);
        let ours = self.one(title, names::MEMOFN_THREAD_UNBOUNDED);
        let ratio = over(ours, self.one(title, names::MEMOIZE_UNBOUNDED));
        self.add(&format!("{what}, thread / memoize"), ratio, thread.0, thread.1);
    }

    fn memory(&mut self) {
        let bytes = titles::BYTES;
        let shared = self.one(bytes, names::MEMOFN_UNBOUNDED);
        self.add("bytes of an entry, u64, unbounded, shared", shared, 64.0, 48.0);
        let thread = self.one(bytes, names::MEMOFN_THREAD_UNBOUNDED);
        self.add("bytes of an entry, u64, unbounded, thread", thread, 34.0, 24.0);
        let allocations = titles::ALLOCATIONS;
        let columns = [
            ("allocations on a hit, u64", names::MEMOFN),
            ("allocations on a hit, (&str, u32)", names::MEMOFN),
            ("allocations on an async hit, u64", names::MEMOFN_ASYNC),
        ];
        for (column, (what, ours)) in columns.into_iter().enumerate() {
            self.add(what, self.run.min(allocations, column, ours), 0.0, 0.0);
        }
    }
}

//! Litmus tests of the protocols that stand on [`fences`](crate::base::asymmetric_fence), under weak memory.
//!
//! ```text
//! RUSTFLAGS="--cfg memofn_loom" CARGO_TARGET_DIR=target/loom cargo test -p memo-runtime --release --lib litmus
//! ```
//!
//! `loom` explores every order of steps and every value that a load may see. A light fence is nothing here. A
//! heavy fence is a full fence of its caller, and a full fence of the other thread at some moment of the call.
//! That moment may come between any two steps of the other thread, so each test runs once for each of these
//! [points](Other::point): the thread meets the caller there.
//!
//! These are replicas: each step names what it stands for. A variant that leaves something out has to fail.

use loom::cell::UnsafeCell;
use loom::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use loom::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, fence};
use loom::sync::{Arc, Condvar, Mutex};
use std::cell::Cell;

/// Where the caller of heavy fences and the other thread meet.
struct Meeting {
    state: Mutex<Met>,
    changed: Condvar,
}

/// How many fences were called for, and how many the other thread has had.
#[derive(Debug, Default)]
struct Met {
    called: usize,
    had: usize,
    /// There are no more.
    over: bool,
}

impl Meeting {
    fn new() -> Self {
        Self { state: Mutex::new(Met::default()), changed: Condvar::new() }
    }

    /// `asymmetric_fence::heavy`.
    fn heavy(&self) {
        fence(SeqCst);
        let mut met = self.state.lock().unwrap();
        met.called += 1;
        self.changed.notify_all();
        while met.had < met.called {
            met = self.changed.wait(met).unwrap();
        }
        drop(met);
        fence(SeqCst);
    }

    /// There will be no more of them.
    fn over(&self) {
        self.state.lock().unwrap().over = true;
        self.changed.notify_all();
    }
}

/// The thread that has light fences, and in which heavy ones strike.
struct Other<'m> {
    meeting: &'m Meeting,
    /// At which points.
    strikes: &'m [usize],
    at: Cell<usize>,
    had: Cell<usize>,
}

impl<'m> Other<'m> {
    fn new(meeting: &'m Meeting, strikes: &'m [usize]) -> Self {
        Self { meeting, strikes, at: Cell::new(0), had: Cell::new(0) }
    }

    /// Between two steps. A light fence is no more than that: the compiler leaves them in this order.
    fn point(&self) {
        while self.strikes.get(self.had.get()) == Some(&self.at.get()) {
            self.strike();
        }
        self.at.set(self.at.get() + 1);
    }

    /// Heavy fences that are still to come come now: the thread has ended, or is about to wait for a lock
    /// that their caller holds.
    fn no_later(&self) {
        while self.had.get() < self.strikes.len() {
            self.strike();
        }
    }

    fn strike(&self) {
        self.had.set(self.had.get() + 1);
        fence(SeqCst);
        let mut met = self.meeting.state.lock().unwrap();
        while met.called < self.had.get() && !met.over {
            met = self.meeting.changed.wait(met).unwrap();
        }
        met.had += 1;
        self.meeting.changed.notify_all();
        drop(met);
        fence(SeqCst);
    }
}

/// Runs a model of one heavy fence for each point.
fn for_each_point(points: usize, model: impl Fn(&'static [usize]) + Copy + Send + Sync + 'static) {
    for point in 0..=points {
        let strikes: &[usize] = Box::leak(Box::new([point]));
        loom::model(move || model(strikes));
    }
}

/// The same of none.
fn for_no_point(model: impl Fn(&'static [usize]) + Copy + Send + Sync + 'static) {
    loom::model(move || model(&[]));
}

/// The same of two heavy fences.
fn for_each_two_points(
    points: usize,
    model: impl Fn(&'static [usize]) + Copy + Send + Sync + 'static,
) {
    for first in 0..=points {
        for second in first..=points {
            let strikes: &[usize] = Box::leak(Box::new([first, second]));
            loom::model(move || model(strikes));
        }
    }
}

/// Reading an entry, and retiring it: `Reader::walk`, `HazardGuard::hold` and `HazardGuard::end` on one side,
/// `RetireList::reclaim` with `still_read` on the other.
mod retiring {
    use super::*;

    const NOTHING: usize = 0;
    const ENTRY: usize = 1;
    const WALKING: usize = 2;
    const ELSEWHERE: usize = 3;

    /// Which heavy fences there are.
    #[derive(Debug, Clone, Copy)]
    struct Heavy {
        before_scan: bool,
        after_wanted: bool,
    }

    struct Shared {
        filed: AtomicBool,
        announced: AtomicUsize,
        wanted: AtomicBool,
        entry: UnsafeCell<()>,
        /// `RetireList::waiting`: the entry is in it.
        waiting: Mutex<bool>,
        meeting: Meeting,
    }

    impl Shared {
        fn drop_entry(&self) {
            self.entry.with_mut(|_| ());
        }

        fn read(&self, other: &Other<'_>) {
            other.point();
            // `Reader::walk`.
            self.announced.store(WALKING, Release);
            other.point();
            // `Engine::find`.
            if self.filed.load(Acquire) {
                other.point();
                self.announced.store(ENTRY, Release);
                other.point();
                self.entry.with(|_| ());
                other.point();
            }
            // `HazardGuard::end`.
            self.announced.store(NOTHING, Release);
            other.point();
            if self.wanted.load(Relaxed) && self.wanted.swap(false, Relaxed) {
                other.no_later();
                // `RetireList::reclaim`: nobody else reads.
                let mut waiting = self.waiting.lock().unwrap();
                if std::mem::take(&mut *waiting) {
                    self.drop_entry();
                }
            }
            other.point();
            // The same thread goes on to read another cache.
            self.announced.store(ELSEWHERE, Release);
            other.point();
            self.announced.store(NOTHING, Release);
            other.no_later();
        }

        fn retire(&self, heavy: Heavy) {
            // `Store::unfile`.
            self.filed.store(false, Release);
            let mut waiting = self.waiting.lock().unwrap();
            // `still_read`.
            if heavy.before_scan {
                self.meeting.heavy();
            }
            let is_read = || [WALKING, ENTRY].contains(&self.announced.load(Acquire));
            if is_read() {
                self.wanted.store(true, Relaxed);
                if heavy.after_wanted {
                    self.meeting.heavy();
                }
                *waiting = is_read();
            }
            if !*waiting {
                self.drop_entry();
            }
            self.meeting.over();
        }
    }

    fn model(strikes: &'static [usize], heavy: Heavy) {
        let shared = Arc::new(Shared {
            filed: AtomicBool::new(true),
            announced: AtomicUsize::new(NOTHING),
            wanted: AtomicBool::new(false),
            entry: UnsafeCell::new(()),
            waiting: Mutex::new(false),
            meeting: Meeting::new(),
        });
        let reader = {
            let shared = Arc::clone(&shared);
            loom::thread::spawn(move || shared.read(&Other::new(&shared.meeting, strikes)))
        };
        shared.retire(heavy);
        reader.join().unwrap();
        assert!(!*shared.waiting.lock().unwrap(), "nobody comes for the entry");
    }

    const POINTS: usize = 8;

    #[test]
    fn what_is_read_is_not_dropped_and_what_is_not_is() {
        let heavy = Heavy { before_scan: true, after_wanted: true };
        for_each_two_points(POINTS, move |strikes| model(strikes, heavy));
    }

    #[test]
    #[should_panic = "Causality violation"]
    fn without_a_fence_before_the_scan_something_is_dropped_that_is_read() {
        let heavy = Heavy { before_scan: false, after_wanted: true };
        for_each_point(POINTS, move |strikes| model(strikes, heavy));
    }

    #[test]
    #[should_panic = "nobody comes for the entry"]
    fn without_a_fence_after_the_request_it_is_overlooked() {
        let heavy = Heavy { before_scan: true, after_wanted: false };
        for_each_point(POINTS, move |strikes| model(strikes, heavy));
    }
}

/// A thread that was alone with a cache hits while another joins it: `Engine::hit` on one side, `Core::register_thread`,
/// hits and evictions on the other.
mod joining {
    use super::*;

    /// `hazard::DEPTH`: how many hits the first thread may be in the middle of, which are no more than it
    /// has counted but one, as they do not nest here.
    const DEPTH: u64 = 0;

    /// What a thread does that finds, after it has stored a stamp, that it was not alone.
    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Repair {
        Nothing,
        /// It raises the stamp to the epoch that it reads.
        Read,
        /// The same after a full fence.
        Fenced,
        /// The same, but it takes the lock to read the epoch.
        Locked,
    }

    #[derive(Debug, Clone, Copy)]
    struct Variant {
        repair: Repair,
        /// `register_thread` makes a heavy fence.
        heavy: bool,
    }

    const SOUND: Variant = Variant { repair: Repair::Locked, heavy: true };

    struct Shared {
        epoch: AtomicU64,
        /// `ThreadHits` of the thread that is alone.
        count: AtomicU64,
        alone: AtomicBool,
        /// Stamps of two entries.
        stamps: [AtomicU64; 2],
        lock: Mutex<()>,
        meeting: Meeting,
    }

    impl Shared {
        /// `Engine::hit`, from where the keys were found equal.
        fn hit_alone(&self, entry: usize, variant: Variant, other: &Other<'_>) {
            let stamp = &self.stamps[entry];
            other.point();
            let epoch = self.epoch.load(Acquire);
            other.point();
            // `SharedReaders::hit`.
            let hits = self.count.load(Relaxed) + 1;
            self.count.store(hits, Relaxed);
            other.point();
            if !self.alone.load(Acquire) {
                other.point();
                stamp.fetch_max(epoch, Relaxed);
                return;
            }
            other.point();
            stamp.store(epoch + hits, Relaxed);
            // With a light fence, or the compiler might load first.
            other.point();
            if variant.repair == Repair::Nothing || self.alone.load(Acquire) {
                return;
            }
            other.point();
            match variant.repair {
                Repair::Fenced => fence(SeqCst),
                Repair::Locked => {
                    // Who holds it may be in the middle of a heavy fence.
                    other.no_later();
                    drop(self.lock.lock().unwrap());
                }
                _ => {}
            }
            stamp.fetch_max(self.epoch.load(Acquire), Relaxed);
        }

        /// `Core::register_thread`, of the second thread.
        fn register_thread(&self, variant: Variant) {
            let _lock = self.lock.lock().unwrap();
            self.alone.store(false, Release);
            if variant.heavy {
                self.meeting.heavy();
            }
            let skipped = self.count.load(Relaxed) + DEPTH + 1;
            self.epoch.store(self.epoch.load(Relaxed) + skipped, Release);
        }

        /// `Engine::hit`, of a thread that knows that there are several.
        ///
        /// It does not look first whether the stamp is as late already. That changes nothing, and `loom` forgets
        /// what a `fetch_max` replaced once somebody has loaded that.
        fn hit(&self, entry: usize) -> u64 {
            let epoch = self.epoch.load(Acquire);
            self.stamps[entry].fetch_max(epoch, Relaxed);
            epoch
        }

        /// `Core::next_stamp`, as something is stored, with what is found out about stamps then.
        fn next_stamp(&self, look: impl Fn(u64)) {
            let _lock = self.lock.lock().unwrap();
            let tick = self.epoch.load(Relaxed) + 1;
            look(tick);
            self.epoch.store(tick, Release);
        }
    }

    /// Runs the one thread, and `second` as the other.
    fn side_by_side(
        strikes: &'static [usize],
        variant: Variant,
        hits: usize,
        second: impl Fn(&Shared),
    ) -> [u64; 2] {
        // Two hits were had before. The second entry was used before the first.
        let shared = Arc::new(Shared {
            epoch: AtomicU64::new(10),
            count: AtomicU64::new(2),
            alone: AtomicBool::new(true),
            stamps: [AtomicU64::new(12), AtomicU64::new(11)],
            lock: Mutex::new(()),
            meeting: Meeting::new(),
        });
        let first = {
            let shared = Arc::clone(&shared);
            loom::thread::spawn(move || {
                let other = Other::new(&shared.meeting, strikes);
                (0..hits).for_each(|_| shared.hit_alone(1, variant, &other));
                other.no_later();
            })
        };
        shared.register_thread(variant);
        shared.meeting.over();
        second(&shared);
        first.join().unwrap();
        [0, 1].map(|entry| shared.stamps[entry].load(Relaxed))
    }

    /// In a hit.
    const POINTS: usize = 6;

    fn explore(
        variant: Variant,
        points: usize,
        model: impl Fn(&'static [usize]) + Copy + Send + Sync + 'static,
    ) {
        if variant.heavy { for_each_point(points, model) } else { for_no_point(model) }
    }

    /// The second thread uses one entry, stores another, and uses a third, which the first uses too.
    fn order_holds(variant: Variant) {
        explore(variant, POINTS, move |strikes| {
            let used = Cell::new([0; 2]);
            let stamps = side_by_side(strikes, variant, 1, |shared| {
                let earlier = shared.hit(0);
                shared.next_stamp(|_| ());
                used.set([earlier, shared.hit(1)]);
            });
            let [earlier, later] = used.get();
            assert!(earlier < later);
            assert!(
                stamps[0] == earlier && stamps[1] >= later,
                "an entry is older than its last use"
            );
        });
    }

    /// The second thread looks at all stamps whenever it stores.
    fn ticks_are_latest(variant: Variant) {
        explore(variant, 2 * POINTS, move |strikes| {
            let tick = |shared: &Shared| {
                shared.next_stamp(|tick| {
                    let is_earlier = |stamp: &AtomicU64| stamp.load(Relaxed) < tick;
                    assert!(
                        shared.stamps.iter().all(is_earlier),
                        "a stamp is later than the lock's"
                    );
                });
            };
            side_by_side(strikes, variant, 2, |shared| {
                tick(shared);
                shared.hit(1);
                tick(shared);
            });
        });
    }

    #[test]
    fn a_hit_of_the_one_that_was_alone_makes_nothing_older_than_its_last_use() {
        order_holds(SOUND);
    }

    #[test]
    fn what_is_stored_has_the_latest_stamp() {
        ticks_are_latest(SOUND);
    }

    #[test]
    #[should_panic = "an entry is older than its last use"]
    fn without_another_look_a_late_stamp_stays() {
        order_holds(Variant { repair: Repair::Nothing, ..SOUND });
    }

    #[test]
    #[should_panic = "an entry is older than its last use"]
    fn an_era_that_is_read_without_the_lock_may_be_an_old_one() {
        order_holds(Variant { repair: Repair::Read, ..SOUND });
    }

    #[test]
    #[should_panic = "an entry is older than its last use"]
    fn nor_does_a_fence_on_one_side_help() {
        order_holds(Variant { repair: Repair::Fenced, ..SOUND });
    }

    #[test]
    #[should_panic = "an entry is older than its last use"]
    fn without_a_heavy_fence_the_other_look_may_come_too_early() {
        order_holds(Variant { heavy: false, ..SOUND });
    }

    #[test]
    #[should_panic = "a stamp is later than the lock's"]
    fn without_a_heavy_fence_hits_are_overlooked() {
        ticks_are_latest(Variant { heavy: false, ..SOUND });
    }
}

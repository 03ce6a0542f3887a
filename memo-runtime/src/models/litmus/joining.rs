//! A thread that is alone with a cache has hits while a second thread joins it. The first thread's side is `Engine::hit`; the
//! second's is `Core::register_thread`, hits and evictions.

use super::{Meeting, Other, for_each_point, for_no_point};
use loom::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use loom::sync::atomic::{AtomicBool, AtomicU64, fence};
use loom::sync::{Arc, Mutex};
use std::cell::Cell;

/// `hazard::DEPTH`: how many hits the first thread may be in the middle of. They are at most those it
/// has counted except one, because hits do not nest here.
const DEPTH: u64 = 0;

/// The repair of a thread that finds, after it stored a stamp, that it is not alone.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Repair {
    Nothing,
    /// It reads the epoch and raises the stamp to it.
    Read,
    /// It does so after a full fence.
    Fenced,
    /// It takes the lock to read the epoch.
    Locked,
}

#[derive(Debug, Clone, Copy)]
struct Variant {
    repair: Repair,
    /// Whether `register_thread` makes a heavy fence.
    heavy: bool,
}

const SOUND: Variant = Variant { repair: Repair::Locked, heavy: true };

struct Shared {
    epoch: AtomicU64,
    /// `ThreadHits` of the thread that is alone.
    count: AtomicU64,
    alone: AtomicBool,
    /// The stamps of two entries.
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
        // `SharedReaders::count_hit`.
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
        // A light fence: without it the compiler might load first.
        other.point();
        if variant.repair == Repair::Nothing || self.alone.load(Acquire) {
            return;
        }
        other.point();
        match variant.repair {
            Repair::Fenced => fence(SeqCst),
            Repair::Locked => {
                // The thread that holds it may be in the middle of a heavy fence.
                other.no_later();
                drop(self.lock.lock().unwrap());
            }
            _ => {}
        }
        stamp.fetch_max(self.epoch.load(Acquire), Relaxed);
    }

    /// `Core::register_thread`, by the second thread.
    fn register_thread(&self, variant: Variant) {
        let _lock = self.lock.lock().unwrap();
        self.alone.store(false, Release);
        if variant.heavy {
            self.meeting.heavy();
        }
        let skipped = self.count.load(Relaxed) + DEPTH + 1;
        self.epoch.store(self.epoch.load(Relaxed) + skipped, Release);
    }

    /// `Engine::hit`, by a thread that knows that it is not alone.
    ///
    /// Unlike the original it does not look first whether the stamp is as late already. That makes no difference, and `loom`
    /// forgets the value that a `fetch_max` replaced once another thread has loaded it.
    fn hit(&self, entry: usize) -> u64 {
        let epoch = self.epoch.load(Acquire);
        self.stamps[entry].fetch_max(epoch, Relaxed);
        epoch
    }

    /// `Core::next_stamp`, when an entry is stored. `look` checks the stamps at that moment.
    fn next_stamp(&self, look: impl Fn(u64)) {
        let _lock = self.lock.lock().unwrap();
        let tick = self.epoch.load(Relaxed) + 1;
        look(tick);
        self.epoch.store(tick, Release);
    }
}

/// Runs the first thread, and `second` in the second one.
fn side_by_side(
    strikes: &'static [usize],
    variant: Variant,
    hits: usize,
    second: impl Fn(&Shared),
) -> [u64; 2] {
    // The first thread has had two hits. The second entry was used before the first one.
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

/// The points within one hit.
const POINTS: usize = 6;

fn explore(
    variant: Variant,
    points: usize,
    model: impl Fn(&'static [usize]) + Copy + Send + Sync + 'static,
) {
    if variant.heavy { for_each_point(points, model) } else { for_no_point(model) }
}

/// The second thread uses one entry, stores a second, and uses a third, which the first thread uses too.
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
        assert!(stamps[0] == earlier && stamps[1] >= later, "an entry is older than its last use");
    });
}

/// The second thread looks at all stamps at each store.
fn ticks_are_latest(variant: Variant) {
    explore(variant, 2 * POINTS, move |strikes| {
        let tick = |shared: &Shared| {
            shared.next_stamp(|tick| {
                let is_earlier = |stamp: &AtomicU64| stamp.load(Relaxed) < tick;
                assert!(shared.stamps.iter().all(is_earlier), "a stamp is later than the lock's");
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
fn a_hit_of_the_lone_thread_makes_no_entry_older_than_its_last_use() {
    order_holds(SOUND);
}

#[test]
fn a_stored_entry_has_the_latest_stamp() {
    ticks_are_latest(SOUND);
}

#[test]
#[should_panic = "an entry is older than its last use"]
fn without_the_second_look_a_late_stamp_stays() {
    order_holds(Variant { repair: Repair::Nothing, ..SOUND });
}

#[test]
#[should_panic = "an entry is older than its last use"]
fn an_epoch_read_without_the_lock_may_be_old() {
    order_holds(Variant { repair: Repair::Read, ..SOUND });
}

#[test]
#[should_panic = "an entry is older than its last use"]
fn a_fence_on_one_side_does_not_help() {
    order_holds(Variant { repair: Repair::Fenced, ..SOUND });
}

#[test]
#[should_panic = "an entry is older than its last use"]
fn without_the_heavy_fence_the_second_look_may_come_too_early() {
    order_holds(Variant { heavy: false, ..SOUND });
}

#[test]
#[should_panic = "a stamp is later than the lock's"]
fn without_the_heavy_fence_hits_are_overlooked() {
    ticks_are_latest(Variant { heavy: false, ..SOUND });
}

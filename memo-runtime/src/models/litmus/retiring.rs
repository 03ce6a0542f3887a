//! A reader reads an entry while another thread retires it. The reader's side is `Reader::protect_table`, `HazardGuard::protect_entry` and
//! `HazardGuard::release`; the other side is the reclamation of retired entries with `hazard::scan`.

use super::{Meeting, Other, for_each_point, for_each_two_points};
use loom::cell::UnsafeCell;
use loom::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use loom::sync::atomic::{AtomicBool, AtomicUsize};
use loom::sync::{Arc, Mutex};

const NOTHING: usize = 0;
const ENTRY: usize = 1;
const TABLE: usize = 2;
const ELSEWHERE: usize = 3;

/// The heavy fences of a variant.
#[derive(Debug, Clone, Copy)]
struct Heavy {
    before_scan: bool,
    after_request: bool,
}

struct Shared {
    filed: AtomicBool,
    hazard: AtomicUsize,
    requested: AtomicBool,
    entry: UnsafeCell<()>,
    /// Whether the entry waits for its readers.
    waiting: Mutex<bool>,
    meeting: Meeting,
}

impl Shared {
    fn drop_entry(&self) {
        self.entry.with_mut(|_| ());
    }

    fn read(&self, other: &Other<'_>) {
        other.point();
        // `Reader::protect_table`.
        self.hazard.store(TABLE, Release);
        other.point();
        // `Engine::find`.
        if self.filed.load(Acquire) {
            other.point();
            self.hazard.store(ENTRY, Release);
            other.point();
            self.entry.with(|_| ());
            other.point();
        }
        // `HazardGuard::release`.
        self.hazard.store(NOTHING, Release);
        other.point();
        if self.requested.load(Relaxed) && self.requested.swap(false, Relaxed) {
            other.no_later();
            // The reclamation: there is no other reader.
            let mut waiting = self.waiting.lock().unwrap();
            if std::mem::take(&mut *waiting) {
                self.drop_entry();
            }
        }
        other.point();
        // The same thread then reads another cache.
        self.hazard.store(ELSEWHERE, Release);
        other.point();
        self.hazard.store(NOTHING, Release);
        other.no_later();
    }

    fn retire(&self, heavy: Heavy) {
        // The store takes the entry out of its table.
        self.filed.store(false, Release);
        let mut waiting = self.waiting.lock().unwrap();
        // `hazard::scan`.
        if heavy.before_scan {
            self.meeting.heavy();
        }
        let is_read = || [TABLE, ENTRY].contains(&self.hazard.load(Acquire));
        if is_read() {
            self.requested.store(true, Relaxed);
            if heavy.after_request {
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
        hazard: AtomicUsize::new(NOTHING),
        requested: AtomicBool::new(false),
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
    assert!(!*shared.waiting.lock().unwrap(), "the entry is never dropped");
}

const POINTS: usize = 8;

#[test]
fn an_entry_is_dropped_once_and_not_while_it_is_read() {
    let heavy = Heavy { before_scan: true, after_request: true };
    for_each_two_points(POINTS, move |strikes| model(strikes, heavy));
}

#[test]
#[should_panic = "Causality violation"]
fn without_the_fence_before_the_scan_an_entry_is_dropped_while_it_is_read() {
    let heavy = Heavy { before_scan: false, after_request: true };
    for_each_point(POINTS, move |strikes| model(strikes, heavy));
}

#[test]
#[should_panic = "the entry is never dropped"]
fn without_the_fence_after_the_request_the_reader_overlooks_it() {
    let heavy = Heavy { before_scan: true, after_request: false };
    for_each_point(POINTS, move |strikes| model(strikes, heavy));
}

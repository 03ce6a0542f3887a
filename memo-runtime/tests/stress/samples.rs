//! Keys and values of the stress tests, which know what they are and whether they are alive.

use super::THREADS;
use std::cell::Cell;
use std::fmt::Debug;
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::thread;

/// Keys and values that know which key and version they are.
pub(crate) trait Sample: Clone + Debug + Send + Sync + 'static {
    fn of(key: u32, version: u32) -> Self;
    fn key(&self) -> u32;
    fn version(&self) -> u32;
    /// The number of values alive, if they are watched.
    fn alive() -> Option<i64> {
        None
    }
}

impl Sample for u64 {
    fn of(key: u32, version: u32) -> Self {
        (Self::from(key) << 32) | Self::from(version)
    }
    fn key(&self) -> u32 {
        u32::try_from(self >> 32).unwrap()
    }
    fn version(&self) -> u32 {
        u32::try_from(self & u64::from(u32::MAX)).unwrap()
    }
}

impl Sample for String {
    fn of(key: u32, version: u32) -> Self {
        format!("{key}/{version}")
    }
    fn key(&self) -> u32 {
        self.split_once('/').unwrap().0.parse().unwrap()
    }
    fn version(&self) -> u32 {
        self.split_once('/').unwrap().1.parse().unwrap()
    }
}

impl Sample for Arc<[u8]> {
    fn of(key: u32, version: u32) -> Self {
        u64::of(key, version).to_be_bytes().into()
    }
    fn key(&self) -> u32 {
        u64::from_be_bytes(self[..].try_into().unwrap()).key()
    }
    fn version(&self) -> u32 {
        u64::from_be_bytes(self[..].try_into().unwrap()).version()
    }
}

/// A value that knows whether it is alive, and is counted by its test.
#[derive(Debug)]
pub(crate) struct Watched {
    canary: AtomicU64,
    key: u32,
    version: u32,
    counts: &'static LifeCounts,
}

impl Watched {
    const ALIVE: u64 = 0x51_6E_67_69_6E_67;
    const DEAD: u64 = 0xDEAD;

    pub(crate) fn new(key: u32, version: u32, counts: &'static LifeCounts) -> Self {
        counts.mine(|mine| &mine.made);
        Self { canary: AtomicU64::new(Self::ALIVE), key, version, counts }
    }

    #[track_caller]
    fn check(&self) {
        assert_eq!(self.canary.load(Relaxed), Self::ALIVE, "a dead value was used");
    }
}

impl Sample for Watched {
    fn of(key: u32, version: u32) -> Self {
        Self::new(key, version, MY_COUNTS.get().expect("this test counts lives"))
    }
    fn key(&self) -> u32 {
        self.check();
        self.key
    }
    fn version(&self) -> u32 {
        self.check();
        self.version
    }
    fn alive() -> Option<i64> {
        MY_COUNTS.get()?.alive()
    }
}

impl Clone for Watched {
    fn clone(&self) -> Self {
        self.check();
        // Some clones are slow, so that the entry that is read may be taken out meanwhile.
        if self.version % 64 == 0 {
            thread::yield_now();
        }
        let clone = Self::new(self.key, self.version, self.counts);
        self.check();
        clone
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        assert_eq!(self.canary.swap(Self::DEAD, Relaxed), Self::ALIVE, "a value was dropped twice");
        black_box(&self.canary);
        self.counts.mine(|mine| &mine.dropped);
    }
}

/// The values that a test has made and dropped. Each thread counts on its own page, so that the counting does not order the
/// memory accesses of the threads.
#[derive(Debug)]
pub(crate) struct LifeCounts {
    pub(crate) pages: [Page; THREADS + 1],
    /// The most dead values that were not dropped yet: while threads ran, and after they had ended.
    pub(crate) most_while_running: AtomicI64,
    pub(crate) most_when_quiet: AtomicI64,
}

#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Page {
    pub(crate) made: AtomicI64,
    pub(crate) dropped: AtomicI64,
}

thread_local! {
    pub(crate) static MY_COUNTS: Cell<Option<&'static LifeCounts>> = const { Cell::new(None) };
    pub(crate) static ME: Cell<usize> = const { Cell::new(THREADS) };
}

impl LifeCounts {
    pub(crate) const fn new() -> Self {
        Self {
            pages: [const { Page { made: AtomicI64::new(0), dropped: AtomicI64::new(0) } };
                THREADS + 1],
            most_while_running: AtomicI64::new(0),
            most_when_quiet: AtomicI64::new(0),
        }
    }

    pub(crate) fn mine(&self, which: impl Fn(&Page) -> &AtomicI64) {
        let count = which(&self.pages[ME.get()]);
        count.store(count.load(Relaxed) + 1, Relaxed);
    }

    pub(crate) fn sum(&self, which: impl Fn(&Page) -> &AtomicI64) -> i64 {
        self.pages.iter().map(|page| which(page).load(Relaxed)).sum()
    }

    /// `None` if too many were dropped during the count.
    pub(crate) fn alive(&self) -> Option<i64> {
        let dropped = self.sum(|page| &page.dropped);
        let alive = self.sum(|page| &page.made) - dropped;
        (self.sum(|page| &page.dropped) - dropped <= 4).then_some(alive)
    }
}

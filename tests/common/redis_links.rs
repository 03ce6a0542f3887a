//! Links to one server, which stand for processes, and what they are asked.

use crate::common::finishes_within;
use crate::common::redis_server::Server;
use futures::executor::block_on;
use memofn::redis::{RedisTier, Setup, connect};
use memofn::tier::{
    Answer, Asked, FirstLevel, Forget, Kept, Lease, Pending, Record, Tier, TierEvent,
};
use memofn::{Cache, memoize, testing};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread;
use std::time::Duration;

pub(crate) const LONG: Duration = Duration::from_secs(60);

/// A tier that is patient on a busy machine.
pub(crate) fn patient(server: &Server) -> Setup {
    connect(server.url()).expect("an address").timeout(LONG)
}

pub(crate) fn cache(name: &str, tier: &RedisTier) -> Cache<u64, u64> {
    Cache::builder().name(name.to_owned()).tier(tier.clone(), 1).build()
}

/// Waits for something that others do. A watchdog ends a wait in vain.
pub(crate) fn until(mut is_so: impl FnMut() -> bool) {
    while !is_so() {
        thread::sleep(Duration::from_micros(100));
    }
}

/// Takes down what it is asked, and what it is to keep.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spy(Arc<Mutex<Vec<(Asked, Record)>>>);

impl Spy {
    pub(crate) fn last(&self) -> (Asked, Record) {
        self.0.lock().unwrap().pop().expect("it was kept")
    }
}

impl Tier for Spy {
    fn ask(&self, _: &Asked) -> Pending<Answer> {
        Pending::ready(Answer::Yours(Lease::NONE))
    }

    fn keep(&self, of: &Asked, record: Record, _: Option<Lease>) -> Pending<Kept> {
        self.0.lock().unwrap().push((of.clone(), record));
        Pending::ready(Kept::Stored)
    }

    fn forget(&self, _: Forget<'_>) {}
}

/// A question and a record for it, as the cache of a function asks and keeps.
pub(crate) fn question(function: &str, key: u64) -> (Asked, Record) {
    let spy = Spy::default();
    let cache = Cache::builder().name(function.to_owned()).tier(spy.clone(), 1).build();
    cache.get_or_compute(key, || 2 * key);
    spy.last()
}

static SPY: LazyLock<Spy> = LazyLock::new(Spy::default);

#[memoize(tier = SPY, name = "painted", version = 1, tags = ["all", format!("color:{color}")])]
fn painted(key: u64, color: &str) -> String {
    format!("{key} {color}")
}

/// A question and a record with the tags `all` and `color:..`.
pub(crate) fn painted_question(key: u64, color: &str) -> (Asked, Record) {
    let _tiers = testing::tiers(std::env::temp_dir());
    painted::cache_remove(key, color);
    painted(key, color);
    SPY.last()
}

pub(crate) fn lease(answer: Answer) -> Lease {
    match answer {
        Answer::Yours(lease) => lease,
        other => panic!("a lease, and not {other:?}"),
    }
}

pub(crate) fn is_hit(tier: &RedisTier, asked: &Asked) -> bool {
    match tier.ask(asked).wait() {
        Answer::Hit(_) => true,
        Answer::Yours(lease) => {
            tier.release(asked, lease);
            assert!(tier.flush(LONG));
            false
        }
        other => panic!("a record or a lease, and not {other:?}"),
    }
}

pub(crate) fn keep(tier: &RedisTier, (asked, record): &(Asked, Record)) {
    let lease = lease(tier.ask(asked).wait());
    assert_eq!(tier.keep(asked, record.clone(), Some(lease)).wait(), Kept::Stored);
}

/// Counts what it is told to forget.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) keys: Mutex<Vec<u128>>,
    all: AtomicUsize,
}

impl FirstLevel for Told {
    fn forget(&self, digest: u128) {
        self.keys.lock().unwrap().push(digest);
    }

    fn forget_all(&self) {
        self.all.fetch_add(1, SeqCst);
    }
}

impl Told {
    pub(crate) fn follow(tier: &RedisTier, asked: &Asked) -> Arc<Self> {
        let told = Arc::new(Self::default());
        let first_level: Arc<dyn FirstLevel> = told.clone();
        tier.follow(asked.function(), Arc::downgrade(&first_level));
        told
    }

    pub(crate) fn has(&self, asked: &Asked) -> bool {
        self.keys.lock().unwrap().contains(&asked.digest())
    }

    pub(crate) fn all(&self) -> usize {
        self.all.load(SeqCst)
    }
}

static EVENTS: Mutex<Vec<TierEvent>> = Mutex::new(Vec::new());

/// The events that the program gets of the tiers above one server. Other tests have servers as well.
pub(crate) struct Events(String);

impl Events {
    pub(crate) fn of(server: &Server) -> Self {
        memofn::on_tier_event(|event| EVENTS.lock().unwrap().push(event.clone()));
        Self(format!("{}/", server.url()))
    }

    pub(crate) fn told(&self) -> Vec<&'static str> {
        let told = EVENTS.lock().unwrap();
        let told = told.iter().filter_map(|event| match event {
            TierEvent::Away { status } => status.contains(&self.0).then_some("away"),
            TierEvent::Back { status } => status.contains(&self.0).then_some("back"),
            _ => None,
        });
        told.collect()
    }
}

/// Calls a cache with this key in one of two ways, whose body returns ten times the key.
pub(crate) fn call(cache: &Cache<u64, u64>, key: u64) {
    let value = if key % 2 == 0 {
        cache.get_or_compute(key, || 10 * key)
    } else {
        block_on(cache.get_or_compute_async(key, async || 10 * key))
    };
    assert_eq!(value, 10 * key);
}

/// Whether tests are run at full size, by `MEMOFN_STRESS=full`.
pub(crate) fn is_full() -> bool {
    std::env::var_os("MEMOFN_STRESS").is_some_and(|it| it == "full")
}

/// Runs a test with a server, if one is installed.
pub(crate) fn with_server(arguments: &[&str], test: impl FnOnce(&mut Server) + Send + 'static) {
    if let Some(mut server) = Server::start(arguments) {
        let limit = Duration::from_secs(if is_full() { 7_200 } else { 300 });
        finishes_within(limit, "calls of a cache above Redis", move || test(&mut server));
    }
}

//! A resolver of names on tokio: each answer says how long it is good, and a failure is kept for a short time.
//!
//! ```text
//! cargo run --release --example resolver
//! ```
//!
//! - `ttl = |record| ..`: a record comes with its own time to live.
//! - `err_ttl`: a name that does not exist is not asked for at each request.
//! - `jitter` is left out here, so that the times are exact. A service with many names should have it.
//! - `resolve::cache_call(..)` says how a call was answered, and how old the answer is.
//! - A thousand tasks that need one name send one query.

use memofn::testing::Clock;
use memofn::{CallStatus, memoize};
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::task::{JoinSet, yield_now};

static QUERIES: AtomicU32 = AtomicU32::new(0);

#[derive(Debug, Clone, PartialEq)]
struct Record {
    address: Ipv4Addr,
    ttl: Duration,
}

#[derive(Debug, Clone, PartialEq)]
struct NoSuchName(String);

// With `err_ttl` the closure gets the whole result. It is asked about an `Ok` only.
#[memoize(
    maxsize = 10_000,
    ttl = |found| found.as_ref().map_or(Duration::ZERO, |record| record.ttl),
    err_ttl = "5s"
)]
async fn resolve(name: &str) -> Result<Record, NoSuchName> {
    QUERIES.fetch_add(1, Ordering::Relaxed);
    yield_now().await; // imagine a server that takes a while
    let record = |last, seconds| Record {
        address: Ipv4Addr::new(192, 0, 2, last),
        ttl: Duration::from_secs(seconds),
    };
    match name {
        "www.example" => Ok(record(1, 300)),
        "roaming.example" => Ok(record(2, 10)),
        "unsure.example" => Ok(record(3, 0)),
        _ => Err(NoSuchName(name.to_owned())),
    }
}

#[tokio::main]
async fn main() {
    let clock = Clock::stop();
    let queries = || QUERIES.swap(0, Ordering::Relaxed);

    let mut tasks = JoinSet::new();
    for _ in 0..1000 {
        tasks.spawn(async { resolve("www.example").await });
    }
    let found = tasks.join_all().await;
    assert!(
        found.iter().all(|found| matches!(found, Ok(Record { ttl, .. }) if ttl.as_secs() == 300))
    );
    assert_eq!(queries(), 1, "a thousand tasks share one query");

    for name in ["roaming.example", "no.example", "roaming.example", "no.example"] {
        assert_eq!(resolve(name).await.is_ok(), name != "no.example");
    }
    assert_eq!(queries(), 2, "that a name does not exist is an answer, too");

    clock.advance(Duration::from_secs(5));
    assert_eq!(resolve("no.example").await, Err(NoSuchName("no.example".to_owned())));
    assert_eq!(queries(), 1, "five seconds later it is asked for again");
    let call = resolve::cache_call("roaming.example").await;
    assert_eq!((call.status, call.age), (CallStatus::Hit, Some(Duration::from_secs(5))));

    clock.advance(Duration::from_secs(5));
    assert_eq!(resolve::cache_call("roaming.example").await.status, CallStatus::Miss);
    assert_eq!(resolve::cache_call("www.example").await.status, CallStatus::Hit);
    assert_eq!(queries(), 1, "each record lives as long as it says");

    for _ in 0..3 {
        assert!(resolve("unsure.example").await.is_ok());
    }
    assert_eq!(queries(), 3, "a record that is good for no time is not kept");
    println!("{}", memofn::report());
}

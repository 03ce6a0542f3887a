//! Refreshes in the background: `refresh_after` with `refresh_on`.

mod common;

use common::finishes;
use memofn::memoize;
use memofn::testing::Clock;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{LazyLock, Mutex};
use std::thread;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const LONG: Duration = Duration::from_secs(120);

static RATE: AtomicU32 = AtomicU32::new(10);

#[memoize(ttl = "10m", refresh_after = "1m")]
fn rate(currency: &str, factor: f64) -> Result<u32, String> {
    assert_eq!(thread::current().name(), Some("memofn-refresh"));
    Ok(RATE.load(SeqCst) + currency.len() as u32)
}

#[test]
fn it_runs() {
    let clock = Clock::stop();
    rate::cache_insert("EUR", 1.0, Ok(1));
    clock.advance(60 * SECOND);
    assert_eq!(rate("EUR", 1.0), Ok(1));
    while rate("EUR", 1.0) == Ok(1) {}
    assert_eq!(rate("EUR", 1.0), Ok(13));
    dbg!(rate::cache_info());
}

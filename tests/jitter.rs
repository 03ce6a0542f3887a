//! Jitter as it is without a test clock. It stands alone: no other test stops the time while this one stores its entries.

use memofn::Cache;
use memofn::testing::Clock;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn jitter_makes_lives_shorter_by_times_that_differ() {
    const N: u32 = if cfg!(debug_assertions) { 20_000 } else { 100_000 };
    let cache: Cache<u32, u32> =
        Cache::builder().unbounded().ttl(600 * SECOND).jitter(60 * SECOND).build();
    let start = std::time::Instant::now();
    cache.extend((0..N).map(|n| (n, n)));
    let clock = Clock::stop();
    let stored_in = start.elapsed();
    clock.advance((540 * SECOND).saturating_sub(stored_in));
    assert_eq!(cache.len(), N as usize, "all live longer than `ttl` less `jitter`");
    clock.advance(stored_in);
    // How many are left after each second of the last minute. An entry that lives for `n` seconds is counted `n` times.
    let mut left = Vec::new();
    while !cache.is_empty() {
        left.push(f64::from(u32::try_from(cache.len()).expect("it is small")));
        clock.advance(SECOND);
    }
    let counts = left.len();
    assert!(counts <= 60 + usize::try_from(stored_in.as_secs()).expect("it is small") + 1);
    let went: Vec<f64> = left.windows(2).map(|pair| pair[0] - pair[1]).collect();
    let share = f64::from(N) / 60.0;
    let is_even = went[3..55].iter().all(|went| (0.7 * share..1.3 * share).contains(went));
    assert!(is_even, "about as many go in each second: {went:?}");
    assert_eq!(cache.info().expirations, u64::from(N));
}

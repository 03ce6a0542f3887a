//! The clock at its last moment. This test has a process of its own, since the clock cannot go back.

use memofn::{memoize, testing::Clock};
use std::time::Duration;

#[test]
fn calls_return_at_the_end_of_time() {
    #[memoize(ttl = "30m")]
    fn double(n: u64) -> u64 {
        n * 2
    }

    double(1);
    let clock = Clock::stop();
    clock.advance(Duration::MAX);
    assert_eq!((double(1), double(1)), (2, 2));
    drop(clock);
    assert_eq!((double(1), double(2)), (2, 4));
    assert_eq!(double::cache_info().misses, 3);
}

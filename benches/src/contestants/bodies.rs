//! Function bodies. Most take next to no time, so that the cache is what is measured.

use std::hint::black_box;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

pub(crate) fn body(key: u64) -> u64 {
    key.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// Returns a value that owns 32 bytes. Copying them costs little beside allocating them.
pub(crate) fn text_body(key: u64) -> String {
    const TEXT: &str = "The quick brown fox jumps over the lazy dog.";
    let start = (key % 8) as usize;
    TEXT[start..start + 32].to_owned()
}

/// How long [`busy_body`] takes on a processor of its own.
const BUSY: Duration = Duration::from_micros(2);

/// How many steps take that long.
static BUSY_STEPS: LazyLock<u64> = LazyLock::new(|| {
    const STEPS: u32 = 100_000;
    let time = || {
        let start = Instant::now();
        black_box(steps(black_box(1), u64::from(STEPS)));
        start.elapsed()
    };
    let least = (0..20).map(|_| time()).min().unwrap_or(BUSY);
    let steps = BUSY.as_nanos() * u128::from(STEPS) / least.as_nanos().max(1);
    u64::try_from(steps).unwrap_or(1)
});

/// Works for two microseconds. It counts steps and reads no clock: time in which its thread is suspended is no work.
pub(crate) fn busy_body(key: u64) -> u64 {
    steps(key, *BUSY_STEPS)
}

fn steps(from: u64, steps: u64) -> u64 {
    (0..steps).fold(from, |sum, _| black_box(body(sum)))
}

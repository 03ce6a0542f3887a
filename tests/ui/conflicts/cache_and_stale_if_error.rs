use memofn::{Cache, memoize};
use std::sync::LazyLock;

static RATES: LazyLock<Cache<u32, u32>> = LazyLock::new(|| Cache::new(10));

#[memoize(cache = RATES, stale_if_error = "2h")]
fn rate(currency: u32) -> Result<u32, String> {
    Ok(currency)
}

fn main() {
    let _ = rate(1);
}

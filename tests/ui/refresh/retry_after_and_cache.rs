use memofn::Cache;
use std::sync::LazyLock;

static RATES: LazyLock<Cache<String, f64>> = LazyLock::new(|| Cache::new(8));

use memofn::memoize;

#[memoize(cache = RATES, retry_after = "8s")]
fn rate(currency: &str) -> f64 {
    currency.len() as f64
}

fn main() {
    rate("EUR");
}

use memofn::memoize;
use std::collections::BTreeMap;

#[memoize]
fn total(prices: &BTreeMap<String, f64>) -> i64 {
    prices.values().sum::<f64>() as i64
}

fn main() {
    total(&BTreeMap::new());
}

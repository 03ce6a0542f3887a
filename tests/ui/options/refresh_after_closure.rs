use memofn::memoize;

#[memoize(ttl = "10m", refresh_after = |rate| rate.age())]
fn rate(currency: &str) -> f64 {
    currency.len() as f64
}

fn main() {
    rate("EUR");
}

use memofn::memoize;

#[memoize(ttl = "10m", stale_for = "8m")]
fn rate(currency: &str) -> f64 {
    currency.len() as f64
}

fn main() {
    rate("EUR");
}

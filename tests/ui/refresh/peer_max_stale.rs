use memofn::memoize;

#[memoize(ttl = "10m", max_stale = "8m")]
fn rate(currency: &str) -> f64 {
    currency.len() as f64
}

fn main() {
    rate("EUR");
}

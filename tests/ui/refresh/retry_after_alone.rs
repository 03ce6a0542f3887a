use memofn::memoize;

#[memoize(ttl = "10m", retry_after = "30s")]
fn rate(currency: &str) -> f64 {
    currency.len() as f64
}

fn main() {
    rate("EUR");
}

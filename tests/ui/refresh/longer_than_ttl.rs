use memofn::memoize;

#[memoize(refresh_after = "20m", ttl = "10m")]
fn rate(currency: &str) -> f64 {
    currency.len() as f64
}

fn main() {
    rate("EUR");
}

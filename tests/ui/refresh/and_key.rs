use memofn::memoize;

#[memoize(key = currency.len(), ttl = "10m", refresh_after = "8m")]
fn rate(currency: &str) -> f64 {
    currency.len() as f64
}

fn main() {
    rate("EUR");
}

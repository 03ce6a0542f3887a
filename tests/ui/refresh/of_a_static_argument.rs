use memofn::memoize;

#[memoize(ttl = "10m", refresh_after = "8m")]
fn rate(currency: &'static str) -> f64 {
    currency.len() as f64
}

fn main() {
    rate("EUR");
}

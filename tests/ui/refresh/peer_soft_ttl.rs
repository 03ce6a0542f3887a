use memofn::memoize;

#[memoize(ttl = "10m", soft_ttl = "8m")]
fn rate(currency: &str) -> f64 {
    currency.len() as f64
}

fn main() {
    rate("EUR");
}

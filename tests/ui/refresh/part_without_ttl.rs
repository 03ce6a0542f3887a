use memofn::memoize;

#[memoize(refresh_after = 0.8)]
fn rate(currency: &str) -> f64 {
    currency.len() as f64
}

fn main() {
    rate("EUR");
}

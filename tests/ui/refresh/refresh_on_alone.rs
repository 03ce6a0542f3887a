use memofn::memoize;

#[memoize(refresh_on = caller)]
fn rate(currency: &str) -> f64 {
    currency.len() as f64
}

fn main() {
    rate("EUR");
}

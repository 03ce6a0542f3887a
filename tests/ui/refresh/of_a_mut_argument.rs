use memofn::memoize;

#[memoize(ttl = "10m", refresh_after = "8m")]
fn rate(currency: &mut String) -> f64 {
    currency.len() as f64
}

fn main() {
    rate(&mut String::new());
}

use memofn::memoize;

#[memoize(ttl = "10m", refresh_after = "8m")]
fn rate(currencies: &[&str]) -> f64 {
    currencies.len() as f64
}

fn main() {
    rate(&["EUR"]);
}

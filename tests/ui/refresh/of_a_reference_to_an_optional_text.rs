use memofn::memoize;

#[memoize(ttl = "10m", refresh_after = "8m")]
fn rate(currency: &Option<&str>) -> f64 {
    currency.map_or(0.0, |it| it.len() as f64)
}

fn main() {
    rate(&Some("EUR"));
}

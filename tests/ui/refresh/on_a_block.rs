use memofn::memoize;

struct Rates;

#[memoize(ttl = "10m", refresh_after = "8m")]
impl Rates {
    #[memoize]
    async fn rate(currency: &str) -> f64 {
        currency.len() as f64
    }
}

fn main() {
    drop(Rates::rate("EUR"));
}

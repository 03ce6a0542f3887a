use memofn::memoize;

#[memoize(skip(log), ttl = "10m", refresh_after = "8m")]
fn rate(currency: &str, log: &'static str) -> usize {
    currency.len() + log.len()
}

fn main() {
    rate("EUR", "log");
}

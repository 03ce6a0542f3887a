use memofn::memoize;

#[memoize(skip(log), ttl = "10m", refresh_after = "8m")]
fn rate(currency: &str, log: &mut Vec<String>) -> f64 {
    log.push(currency.to_owned());
    currency.len() as f64
}

fn main() {
    rate("EUR", &mut Vec::new());
}

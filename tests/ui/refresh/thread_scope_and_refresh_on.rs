fn rayon_spawn(run: impl FnOnce() + Send + 'static) {
    run();
}

use memofn::memoize;

#[memoize(ttl = "10m", refresh_after = "8m", refresh_on = rayon_spawn, scope = "thread")]
fn rate(currency: &str) -> f64 {
    currency.len() as f64
}

fn main() {
    rate("EUR");
}

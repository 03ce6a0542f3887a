use memofn::memoize;

#[memoize(ttl = "10m", stale_if_error = "2h")]
fn rate(currency: u32) -> u32 {
    currency
}

fn main() {
    rate(1);
}

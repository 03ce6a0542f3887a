use memofn::memoize;

#[memoize(ttl = "10m", stale_if_error = "2h", cache_if = Result::is_ok)]
fn rate(currency: u32) -> Result<u32, String> {
    Ok(currency)
}

fn main() {
    let _ = rate(1);
}

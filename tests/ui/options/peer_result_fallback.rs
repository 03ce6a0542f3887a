use memofn::memoize;

#[memoize(ttl = "10m", result_fallback = true)]
fn rate(currency: u32) -> Result<u32, String> {
    Ok(currency)
}

fn main() {
    let _ = rate(1);
}

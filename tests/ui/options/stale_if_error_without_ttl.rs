use memofn::memoize;

#[memoize(stale_if_error = "2h")]
fn rate(currency: u32) -> Result<u32, String> {
    Ok(currency)
}

fn main() {
    let _ = rate(1);
}

use memofn::memoize;

#[memoize(tti = "10m", stale_if_error = "1h")]
fn square(n: u64) -> Result<u64, String> {
    Ok(n * n)
}

fn main() {
    _ = square(3);
}

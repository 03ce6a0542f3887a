use memofn::memoize;
use std::time::Duration;

// The cache holds the `Ok` of a `Result`, and so the closure gets that.
#[memoize(ttl = |result: &Result<u16, String>| Duration::from_secs(60))]
fn port(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| text.to_owned())
}

fn main() {
    let _ = port("80");
}

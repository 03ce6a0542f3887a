use memofn::memoize;

#[memoize(disk, ttl = "10m", err_ttl = "1m")]
fn page(url: &str) -> std::fmt::Result {
    if url.is_empty() { Err(std::fmt::Error) } else { Ok(()) }
}

fn main() {}

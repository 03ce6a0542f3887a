use memofn::memoize;

#[derive(Clone)]
struct Failure;

#[memoize(disk, ttl = "10m", err_ttl = "1m")]
fn page(url: &str) -> Result<String, Failure> {
    if url.is_empty() { Err(Failure) } else { Ok(url.to_owned()) }
}

fn main() {}

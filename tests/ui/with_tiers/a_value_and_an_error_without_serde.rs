use memofn::memoize;

#[derive(Clone)]
struct Page(String);

#[derive(Clone)]
struct Failure;

#[memoize(disk, ttl = "10m", err_ttl = "1m")]
fn page(url: &str) -> Result<Page, Failure> {
    if url.is_empty() { Err(Failure) } else { Ok(Page(url.to_owned())) }
}

fn main() {}

use memofn::memoize;
use std::io;

#[memoize(cache_if = |result| result.is_err())]
fn contents(path: &str) -> io::Result<String> {
    std::fs::read_to_string(path)
}

fn main() {
    let _ = contents("three");
}

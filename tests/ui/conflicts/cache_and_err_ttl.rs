use memofn::{Cache, memoize};
use std::sync::LazyLock;

static PORTS: LazyLock<Cache<String, u16>> = LazyLock::new(Cache::default);

#[memoize(err_ttl = "5s", cache = PORTS)]
fn port(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| text.to_owned())
}

fn main() {
    let _ = port("80");
}

use memofn::memoize;

#[memoize(cache_if = |_| true, err_ttl = "5s")]
fn port(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| text.to_owned())
}

fn main() {
    let _ = port("80");
}

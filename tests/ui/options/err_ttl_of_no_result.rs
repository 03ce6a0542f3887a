use memofn::memoize;

#[memoize(ttl = "1h", err_ttl = "5s")]
fn port(text: &str) -> Option<u16> {
    text.parse().ok()
}

fn main() {
    let _ = port("80");
}

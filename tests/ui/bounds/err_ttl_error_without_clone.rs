use memofn::memoize;

#[derive(Debug)]
struct Broken;

#[memoize(err_ttl = "5s")]
fn port(text: &str) -> Result<u16, Broken> {
    text.parse().map_err(|_| Broken)
}

fn main() {
    let _ = port("80");
}

use memofn::memoize;

#[memoize(err_ttl = 5)]
fn port(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| text.to_owned())
}

fn main() {
    let _ = port("80");
}

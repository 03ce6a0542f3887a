use memofn::memoize;

#[memoize(err_ttl = "5s")]
async fn port(text: &str) -> u16 {
    text.parse().unwrap_or(80)
}

fn main() {
    let _ = port("80");
}

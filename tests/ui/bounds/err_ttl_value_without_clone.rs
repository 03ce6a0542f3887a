use memofn::memoize;

struct Port(u16);

#[memoize(err_ttl = "5s", scope = "thread")]
fn port(text: &str) -> Result<Port, String> {
    text.parse().map(Port).map_err(|_| text.to_owned())
}

fn main() {
    let _ = port("80");
}

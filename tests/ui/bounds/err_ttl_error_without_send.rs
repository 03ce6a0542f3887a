use memofn::memoize;
use std::rc::Rc;

#[memoize(err_ttl = "5s")]
fn port(text: &str) -> Result<u16, Rc<str>> {
    text.parse().map_err(|_| text.into())
}

fn main() {
    let _ = port("80");
}

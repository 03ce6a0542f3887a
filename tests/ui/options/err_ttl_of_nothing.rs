use memofn::memoize;

#[memoize(err_ttl = "5s")]
fn port(text: &str) {
    println!("{text}");
}

fn main() {
    let _ = port("80");
}

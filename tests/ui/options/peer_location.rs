use memofn::memoize;

#[memoize(location = "target/pages")]
fn page(url: String) -> String {
    url
}

fn main() {}

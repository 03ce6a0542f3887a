use memofn::memoize;

#[memoize(disk("target/pages"))]
fn page(url: String) -> String {
    url
}

fn main() {}

use memofn::memoize;

#[memoize(version = "1.2")]
fn page(url: String) -> String {
    url
}

fn main() {}

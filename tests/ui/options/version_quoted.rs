use memofn::memoize;

#[memoize(version = "2")]
fn page(url: String) -> String {
    url
}

fn main() {}

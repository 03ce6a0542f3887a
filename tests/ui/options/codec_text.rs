use memofn::memoize;

#[memoize(codec = "json")]
fn page(url: String) -> String {
    url
}

fn main() {}

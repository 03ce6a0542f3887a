use memofn::memoize;

#[memoize(depends = parse)]
fn page(url: String) -> String {
    url
}

fn main() {}

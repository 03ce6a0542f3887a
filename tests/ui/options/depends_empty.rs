use memofn::memoize;

#[memoize(depends())]
fn page(url: String) -> String {
    url
}

fn main() {}

use memofn::memoize;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Url(String);

#[memoize(disk)]
fn page(url: Url) -> String {
    url.0
}

fn main() {}

use memofn::memoize;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Url(String);

#[memoize(disk)]
fn page(size: usize, url: &Url) -> String {
    url.0[..size].to_owned()
}

fn main() {}

use memofn::memoize;

#[memoize(disk)]
fn page(url: String) -> String {
    url
}

fn main() {}

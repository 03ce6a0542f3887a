use memofn::memoize;

#[memoize(disk = url)]
fn page(url: String) -> String {
    url
}

fn main() {}

use memofn::memoize;

#[memoize(disk = , version = 2)]
fn page(url: String) -> String {
    url
}

fn main() {}

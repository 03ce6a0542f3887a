use memofn::memoize;

#[memoize(disk = 3)]
fn page(url: String) -> String {
    url
}

fn main() {}

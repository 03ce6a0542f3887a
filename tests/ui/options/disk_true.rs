use memofn::memoize;

#[memoize(disk = true)]
fn page(url: String) -> String {
    url
}

fn main() {}

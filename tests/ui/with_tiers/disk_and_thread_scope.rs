use memofn::memoize;

#[memoize(disk, scope = "thread")]
fn page(url: String) -> String {
    url
}

fn main() {}

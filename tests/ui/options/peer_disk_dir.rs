use memofn::memoize;

#[memoize(disk_dir = "target/pages")]
fn page(url: String) -> String {
    url
}

fn main() {}

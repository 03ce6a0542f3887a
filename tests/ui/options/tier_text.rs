use memofn::memoize;

#[memoize(tier = "disk")]
fn page(url: String) -> String {
    url
}

fn main() {}

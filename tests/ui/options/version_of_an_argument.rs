use memofn::memoize;

#[memoize(version = url.len() as u64)]
fn page(url: String) -> String {
    url
}

fn main() {}

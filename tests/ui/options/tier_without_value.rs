use memofn::memoize;

#[memoize(tier)]
fn page(url: String) -> String {
    url
}

fn main() {}

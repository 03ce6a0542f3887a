use memofn::memoize;

#[memoize(redis = true)]
fn page(url: String) -> String {
    url
}

fn main() {}

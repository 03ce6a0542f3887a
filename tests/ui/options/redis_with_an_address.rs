use memofn::memoize;

#[memoize(redis = "redis://cache.local")]
fn page(url: String) -> String {
    url
}

fn main() {}

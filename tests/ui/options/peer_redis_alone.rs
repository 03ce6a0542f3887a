use memofn::memoize;

#[memoize(redis, ttl = "1h")]
fn page(url: String) -> String {
    url
}

fn main() {}

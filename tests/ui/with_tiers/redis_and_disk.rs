use memofn::memoize;

#[memoize(redis, disk)]
fn page(url: String) -> String {
    url
}

fn main() {}

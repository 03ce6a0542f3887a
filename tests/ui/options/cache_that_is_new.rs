use memofn::{Cache, memoize};

#[memoize(cache = Cache::builder().maxsize(8).build())]
fn user(id: u64) -> String {
    id.to_string()
}

fn main() {
    let _: Cache<u64, String> = Cache::new(8);
    user(3);
}

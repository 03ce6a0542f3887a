use memofn::Cache;

fn main() {
    let cache;
    let name = String::from("Oslo");
    cache = Cache::new(8);
    cache.insert(name.as_str(), 1);
    // `name` is dropped first, and the cache drops keys that borrow from it.
}

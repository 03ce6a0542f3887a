use memofn::Cache;

/// A caller could then store a key that dies before the cache, which others still use.
fn shorten<'a>(cache: Cache<&'static str, u32>) -> Cache<&'a str, u32> {
    cache
}

fn main() {
    shorten(Cache::new(8));
}

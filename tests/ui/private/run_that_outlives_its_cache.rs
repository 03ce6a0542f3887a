//! A run is of a cache that is there.

use memofn::Cache;
use memofn::__private::{Whole, leaf, refresh};

fn main() {
    let cache: Cache<String, String> = Cache::new(8);
    let run = refresh(&cache, leaf::<str, _>("key"), Whole);
    drop(cache);
    run.finish("one".to_owned());
}

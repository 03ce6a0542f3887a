//! A run cannot outlive its cache.

use memofn::Cache;
use memofn::__private::{Whole, plain, refresh};

fn main() {
    let cache: Cache<String, String> = Cache::new(8);
    let run = refresh(&cache, plain::<str, _>("key"), Whole);
    drop(cache);
    run.finish("one".to_owned());
}

//! A run is finished once.

use memofn::Cache;
use memofn::__private::{Whole, leaf, refresh};

fn main() {
    let cache: Cache<String, String> = Cache::new(8);
    let run = refresh(&cache, leaf::<str, _>("key"), Whole);
    run.finish("one".to_owned());
    run.finish("two".to_owned());
}

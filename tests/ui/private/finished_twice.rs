//! A run cannot finish twice.

use memofn::Cache;
use memofn::__private::{Whole, plain, refresh};

fn main() {
    let cache: Cache<String, String> = Cache::new(8);
    let run = refresh(&cache, plain::<str, _>("key"), Whole);
    run.finish("one".to_owned());
    run.finish("two".to_owned());
}

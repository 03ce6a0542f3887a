//! A run of a body stays on its thread, which others may find it to be held up by.

use memofn::Cache;
use memofn::__private::{Whole, leaf, refresh};

fn main() {
    let cache: Cache<String, String> = Cache::new(8);
    let run = refresh(&cache, leaf::<str, _>("key"), Whole);
    std::thread::scope(|scope| {
        scope.spawn(move || run.finish("one".to_owned()));
    });
}

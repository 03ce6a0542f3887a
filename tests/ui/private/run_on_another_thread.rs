//! The run of a body stays on its thread. Waiters look there for the call that blocks it.

use memofn::Cache;
use memofn::__private::{Whole, plain, refresh};

fn main() {
    let cache: Cache<String, String> = Cache::new(8);
    let run = refresh(&cache, plain::<str, _>("key"), Whole);
    std::thread::scope(|scope| {
        scope.spawn(move || run.finish("one".to_owned()));
    });
}

// errors: 2

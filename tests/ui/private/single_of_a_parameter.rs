//! A place that is not told apart by types has the same types whenever it is asked for.

use memofn::__private::{Cache, CacheBuilder, kept, single};

fn cache<T: Send + Sync + 'static>() -> &'static Cache<T, T> {
    let options = || CacheBuilder::new();
    single!("cache", options, T, T).here(kept::<T, _>(), kept::<T, _>()).cache()
}

fn main() {
    cache::<u8>();
}

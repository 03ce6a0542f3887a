//! A slot with one cache always has the same types.

use memofn::__private::{Cache, CacheBuilder, shared, single};

fn cache<T: Send + Sync + 'static>() -> &'static Cache<T, T> {
    let options = || CacheBuilder::new();
    single!("cache", options, T, T).call_site(shared::<T, _>(), shared::<T, _>()).cache()
}

fn main() {
    cache::<u8>();
}

// errors: 2

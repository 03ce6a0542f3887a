use memofn::{Cache, memoize};

#[memoize(cache = cache)]
fn width<T>(cache: &Cache<u64, usize>, n: u64) -> usize {
    n as usize * size_of::<T>()
}

fn main() {
    width::<u8>(&Cache::new(8), 1);
}

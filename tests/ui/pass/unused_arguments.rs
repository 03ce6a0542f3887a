//! An argument that only the key, the cache or the tags use is used.

#![deny(warnings)]

use memofn::{Cache, memoize};

#[memoize(key = id)]
fn by_id(id: u64, n: u64) -> u64 {
    n
}

#[memoize(key = one)]
fn by_a_part((one, two): (u64, u64)) -> u64 {
    two
}

#[memoize]
fn of_a_generation(generation: u64, n: u64) -> u64 {
    n
}

#[memoize(key = (first, format!("{text}")))]
async fn awaited(first: u64, text: &str, n: u64) -> u64 {
    n
}

#[memoize(cache = caches[which], key = n)]
fn chosen(which: usize, caches: &[Cache<u64, u64>], n: u64) -> u64 {
    3
}

#[memoize(skip(shop), tags = [shop, format!("part:{one}")])]
fn tagged(n: u64, shop: &str, (one, two): (u64, u64)) -> u64 {
    n + two
}

trait Load {
    fn load(&self, id: u64, n: u64) -> u64;
}

struct Client;

#[memoize]
impl Load for Client {
    #[memoize(key = id)]
    fn load(&self, id: u64, n: u64) -> u64 {
        n
    }
}

fn main() {
    assert_eq!(tagged(1, "a", (2, 3)), 4);
    assert_eq!((by_id(1, 2), by_id(1, 3), by_a_part((1, 2)), of_a_generation(1, 2)), (2, 2, 2, 2));
    assert_eq!((Client.load(1, 2), Client.load(1, 3)), (2, 2));
    let caches = [Cache::builder().build()];
    assert_eq!((chosen(0, &caches, 1), caches[0].len()), (3, 1));
    drop(awaited(1, "a", 2));
}

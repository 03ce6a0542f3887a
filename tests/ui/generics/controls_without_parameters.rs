use memofn::memoize;
use std::hash::Hash;

#[memoize]
fn count<T: Hash + Eq + Clone + Send + Sync + 'static>(items: &[T]) -> usize {
    items.len()
}

fn main() {
    count(&[3, 4]);
    count::cache_info();
}

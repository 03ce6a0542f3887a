use memofn::memoize;
use std::hash::Hash;

#[memoize]
fn is_ascending<T: Ord + Hash + Send + Sync + 'static>(items: &[T]) -> bool {
    items.is_sorted()
}

fn main() {
    is_ascending(&[3, 4]);
}

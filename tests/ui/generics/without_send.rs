use memofn::memoize;
use std::hash::Hash;

#[memoize]
fn count<T: Hash + Eq + Clone + Sync + 'static>(items: Vec<T>) -> usize {
    items.len()
}

fn main() {
    count(vec![3, 4]);
}

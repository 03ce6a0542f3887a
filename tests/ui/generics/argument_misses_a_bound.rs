use memofn::memoize;
use std::hash::Hash;

#[derive(Clone, PartialEq, Eq)]
struct Point {
    x: i32,
}

#[memoize]
fn describe<T: Hash + Eq + Clone + Send + Sync + 'static>(item: &T) -> usize {
    let _ = item;
    3
}

fn main() {
    describe(&Point { x: 3 });
}

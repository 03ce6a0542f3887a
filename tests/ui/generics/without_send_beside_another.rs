use memofn::memoize;
use std::hash::Hash;

#[memoize]
fn describe<T: Hash + Eq + Clone + 'static>(item: T, width: usize) -> String {
    let _ = item;
    "-".repeat(width)
}

fn main() {
    describe(3, 4);
}

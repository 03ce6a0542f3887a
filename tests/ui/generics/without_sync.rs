use memofn::memoize;
use std::hash::Hash;

#[memoize]
fn describe<T: Hash + Eq + Clone + Send + 'static>(item: T) -> String {
    let _ = item;
    String::new()
}

fn main() {
    describe(3);
}

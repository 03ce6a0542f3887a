use memofn::memoize;
use std::hash::Hash;

#[memoize(scope = "thread")]
fn describe<T: Hash + Eq + Clone>(item: &T) -> String {
    let _ = item;
    String::new()
}

fn main() {
    describe(&3);
}

use memofn::memoize;
use std::hash::Hash;

#[memoize(key = item.clone())]
fn describe<T: Hash + Eq + Clone + Send + Sync>(item: &T) -> String {
    let _ = item;
    String::new()
}

fn main() {
    describe(&3);
}

// repeats: 4

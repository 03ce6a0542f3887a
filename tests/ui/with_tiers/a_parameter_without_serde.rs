use memofn::memoize;
use std::hash::Hash;

#[memoize(disk)]
fn page<T: Hash + Eq + Clone + Send + Sync + 'static>(url: T) -> Vec<T> {
    vec![url]
}

fn main() {}

use memofn::memoize;
use std::fmt::Display;
use std::hash::Hash;

#[memoize]
fn width<T: Display + Hash + Eq + Send + Sync + 'static + ?Sized>(item: &T) -> usize {
    item.to_string().len()
}

fn main() {
    width("three");
}

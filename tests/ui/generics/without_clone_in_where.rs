use memofn::memoize;
use std::fmt::Display;
use std::hash::Hash;

#[memoize]
fn width<T>(item: &T) -> usize
where
    T: Display + Hash + Eq + Send + Sync + 'static,
{
    item.to_string().len()
}

fn main() {
    width(&3);
}

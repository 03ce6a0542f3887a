use memofn::memoize;
use std::fmt::Display;

#[memoize(skip(T))]
fn width<T: Display>(item: T, padding: usize) -> usize {
    item.to_string().len() + padding
}

fn main() {
    width(3, 4);
}

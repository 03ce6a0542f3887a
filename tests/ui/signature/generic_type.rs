use memofn::memoize;

#[memoize]
fn largest<T: Ord + Clone>(items: &[T]) -> Option<T> {
    items.iter().max().cloned()
}

fn main() {
    largest(&[1, 2, 3]);
}

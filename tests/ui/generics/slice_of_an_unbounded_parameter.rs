use memofn::memoize;

#[memoize]
fn middle<T>(items: &[T]) -> usize {
    items.len() / 2
}

fn main() {
    middle(&[1, 2, 3]);
}

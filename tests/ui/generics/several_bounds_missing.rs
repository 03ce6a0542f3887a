use memofn::memoize;

#[memoize]
fn total<T: Copy + std::ops::Add<Output = T> + Default>(items: &[T]) -> T {
    items.iter().fold(T::default(), |sum, item| sum + *item)
}

fn main() {
    total(&[1, 2, 3]);
}

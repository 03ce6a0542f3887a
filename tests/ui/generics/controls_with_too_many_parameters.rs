use memofn::memoize;
use std::hash::Hash;

#[memoize(skip(f))]
fn count<T, F>(items: &[T], f: F) -> usize
where
    T: Hash + Eq + Clone + Send + Sync + 'static,
    F: Fn(&T) -> bool,
{
    items.iter().filter(|item| f(item)).count()
}

fn main() {
    count(&[3, 4], |n| *n > 3);
    count::<i32, fn(&i32) -> bool>::cache_info();
}

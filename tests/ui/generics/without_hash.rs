use memofn::memoize;

#[memoize]
fn largest<T: Ord + Clone + Send + Sync + 'static>(a: T, b: T) -> T {
    a.max(b)
}

fn main() {
    largest(3, 4);
}


use memofn::memoize;

#[memoize(skip(items), scope = "thread")]
fn last<T>(n: usize, mut items: Vec<T>) -> Option<T> {
    items.truncate(n);
    items.pop()
}

fn main() {
    last(3, vec![1, 2, 3]);
}

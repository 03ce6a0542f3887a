use memofn::memoize;

#[memoize(key = items.size_hint())]
fn count(items: impl Iterator<Item = u32>) -> usize {
    items.count()
}

fn main() {
    count([1, 2].into_iter());
}

use memofn::memoize;

#[memoize]
fn total(items: &mut dyn Iterator<Item = u64>) -> u64 {
    items.sum()
}

fn main() {
    total(&mut [1, 2, 3].into_iter());
}

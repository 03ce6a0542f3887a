use memofn::memoize;

#[memoize]
fn tail(items: &[u64]) -> Option<&[u64]> {
    items.get(1..)
}

fn main() {
    tail(&[1, 2, 3]);
}

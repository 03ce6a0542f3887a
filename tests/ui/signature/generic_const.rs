use memofn::memoize;

#[memoize]
fn sum<const N: usize>(items: [u64; N]) -> u64 {
    items.iter().sum()
}

fn main() {
    sum([1, 2, 3]);
}

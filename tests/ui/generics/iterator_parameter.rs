use memofn::memoize;

#[memoize]
fn total<I>(items: I) -> u64
where
    I: IntoIterator<Item = u64>,
{
    items.into_iter().sum()
}

fn main() {
    total(vec![1, 2, 3]);
}

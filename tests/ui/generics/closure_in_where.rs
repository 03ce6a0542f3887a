use memofn::memoize;

#[memoize]
fn apply<F>(n: u64, f: &F) -> u64
where
    F: Fn(u64) -> u64,
{
    f(n)
}

fn main() {
    apply(3, &|n| n + 1);
}

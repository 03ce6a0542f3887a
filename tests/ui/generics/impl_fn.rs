use memofn::memoize;

#[memoize]
fn apply(n: u64, f: impl Fn(u64) -> u64) -> u64 {
    f(n)
}

fn main() {
    apply(3, |n| n + 1);
}

use memofn::memoize;

#[memoize]
fn apply<F: Fn(u64) -> u64>(n: u64, f: F) -> u64 {
    f(n)
}

fn main() {
    apply(3, |n| n + 1);
}

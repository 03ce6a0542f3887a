use memofn::memoize;

#[memoize(unbounded)]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    square(3);
}

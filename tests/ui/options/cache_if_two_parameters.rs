use memofn::memoize;

#[memoize(cache_if = |n, result| *n < 10 && *result < 100)]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    square(3);
}

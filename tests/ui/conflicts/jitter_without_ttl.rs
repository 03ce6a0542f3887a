use memofn::memoize;

#[memoize(jitter = "1m", maxsize = 10)]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    square(3);
}

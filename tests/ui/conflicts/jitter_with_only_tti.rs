use memofn::memoize;

#[memoize(tti = "10m", jitter = "1m")]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    square(3);
}

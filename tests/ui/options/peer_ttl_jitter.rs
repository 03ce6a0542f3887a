use memofn::memoize;

#[memoize(ttl = "10m", ttl_jitter = "1m")]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    square(3);
}

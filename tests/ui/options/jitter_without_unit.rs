use memofn::memoize;

#[memoize(ttl = "10m", jitter = 60)]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    square(3);
}

use memofn::memoize;

#[memoize(ttl = "1h", time_to_idle = "10m")]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    square(3);
}

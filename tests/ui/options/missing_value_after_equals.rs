use memofn::memoize;

#[memoize(maxsize =, ttl = "30m")]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    square(3);
}

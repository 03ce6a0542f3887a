use memofn::memoize;

#[memoize(maxsize = 128, ttl = "30m", maxsize = 256)]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    square(3);
}

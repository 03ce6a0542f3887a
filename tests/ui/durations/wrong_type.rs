use memofn::memoize;

const SECONDS: u64 = 60;

#[memoize(ttl = SECONDS)]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    square(3);
}

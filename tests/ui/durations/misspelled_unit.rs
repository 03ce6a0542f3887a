use memofn::memoize;

#[memoize(ttl = "30 minuts")]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    square(3);
}

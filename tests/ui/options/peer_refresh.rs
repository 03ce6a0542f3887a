use memofn::memoize;

#[memoize(ttl = "1h", refresh = true)]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    square(3);
}

use memofn::memoize;

#[memoize(limit = 128)]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    square(3);
}

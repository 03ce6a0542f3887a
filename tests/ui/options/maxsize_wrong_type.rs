use memofn::memoize;

const LIMIT: u32 = 128;

#[memoize(maxsize = LIMIT)]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    square(3);
}

use memofn::memoize;

#[memoize(key = 1)]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    square(3);
}

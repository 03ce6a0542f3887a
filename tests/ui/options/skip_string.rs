use memofn::memoize;

#[memoize(skip("n"))]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    square(3);
}

use memofn::memoize;

#[memoize(sise = 3)]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    square(3);
}

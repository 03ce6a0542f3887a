use memofn::memoize;

#[memoize(controls = "square_cache")]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    square(3);
}

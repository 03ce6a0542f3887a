use memofn::memoize;

#[memoize(scope = "thraed")]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    square(3);
}

use memofn::memoize;

#[memoize(maxsize = 128, typed = true)]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    square(3);
}

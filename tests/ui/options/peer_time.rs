use memofn::memoize;

#[memoize(time = 60)]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    square(3);
}

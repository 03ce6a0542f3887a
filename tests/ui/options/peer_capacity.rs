use memofn::memoize;

#[memoize(Capacity: 128)]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    square(3);
}

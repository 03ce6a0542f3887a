use memofn::memoize;

#[memoize(key = m % 10)]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    square(3);
}

// repeats: 2

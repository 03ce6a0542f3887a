use memofn::memoize;

#[memoize(key(n))]
fn square(n: u64) -> u64 {
    n * n
}

#[memoize(key(n, m), maxsize = 8)]
fn product(n: u64, m: u64) -> u64 {
    n * m
}

fn main() {
    square(product(3, 4));
}

// errors: 2

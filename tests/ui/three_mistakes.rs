use memofn::memoize;

#[memoize(maxsise = 128, ttl = 60, scope = thread)]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    let nine: u64 = square(3);
    assert_eq!(nine, 9);
}

// errors: 3

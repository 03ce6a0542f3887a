use memofn::memoize;

#[memoize(maxsize = "1" ttl = "5x")]
fn square(n: u32) -> u32 {
    n * n
}

fn main() {
    square(3);
}

// errors: 3

use memofn::memoize;

#[memoize(maxsize: 10, on_evict: |key, value, why| drop((key, value, why)))]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    square(3);
}

// errors: 2

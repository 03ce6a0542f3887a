use memofn::{EvictionCause, memoize};

fn gone(n: u64, square: u64, why: EvictionCause) {
    println!("{n} {square} {why}");
}

#[memoize(on_evict = gone)]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    square(3);
}

use memofn::memoize;

#[memoize(on_evict = |key, value| println!("{key} {value}"))]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    square(3);
}

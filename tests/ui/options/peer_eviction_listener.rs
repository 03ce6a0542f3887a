use memofn::memoize;

#[memoize(eviction_listener = |key, _, _| println!("{key}"))]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    square(3);
}

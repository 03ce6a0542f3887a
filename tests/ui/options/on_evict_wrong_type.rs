use memofn::memoize;

#[memoize(on_evict = |_, value, _| value.clear())]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    square(3);
}

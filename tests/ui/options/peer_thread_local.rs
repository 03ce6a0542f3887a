use memofn::memoize;

#[memoize(thread_local)]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    square(3);
}

use memofn::memoize;

#[memoize(max_wait = "5s")]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    square(3);
}

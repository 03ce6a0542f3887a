use memofn::memoize;

#[memoize(scope = "thread", single_flight = true)]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    square(3);
}

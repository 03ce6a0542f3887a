use memofn::memoize;

#[memoize(single_flight = false, patience = unlimited)]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    square(3);
}

use memofn::memoize;

#[memoize(patience = "99999999999999999999s")]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    square(3);
}

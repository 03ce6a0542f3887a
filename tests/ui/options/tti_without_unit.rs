use memofn::memoize;

#[memoize(tti = 600)]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    square(3);
}

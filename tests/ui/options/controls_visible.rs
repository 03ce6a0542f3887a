use memofn::memoize;

#[memoize(controls = pub squares)]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    square(3);
}

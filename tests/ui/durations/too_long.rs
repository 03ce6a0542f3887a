use memofn::memoize;

#[memoize(ttl = "307445734561825861m")]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    square(3);
}

use memofn::memoize;

mod square {
    pub fn root(n: u64) -> u64 {
        n.isqrt()
    }
}

#[memoize]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    square::root(square(3));
}


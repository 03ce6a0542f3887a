use memofn::memoize;

#[memoize]
mod squares {
    pub fn square(n: u64) -> u64 {
        n * n
    }
}

fn main() {
    squares::square(3);
}

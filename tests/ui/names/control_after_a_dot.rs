use memofn::memoize;

#[memoize]
fn square(n: u64) -> u64 {
    n * n
}

// The compiler says what it finds, which is a function. Nothing of ours can speak here.
fn main() {
    square.cache_info();
}

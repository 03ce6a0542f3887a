use memofn::memoize;

#[memoize]
async fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1).await + fib(n - 2).await }
}

fn main() {
    drop(fib(3));
}

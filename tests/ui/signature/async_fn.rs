use memofn::memoize;

#[memoize]
async fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    drop(square(3));
}

use memofn::memoize;

#[memoize]
fn up_to(n: u64) -> impl Iterator<Item = u64> {
    0..n
}

fn main() {
    up_to(3).count();
}

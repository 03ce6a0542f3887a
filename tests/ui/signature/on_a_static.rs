use memofn::memoize;

#[memoize]
static SQUARE: fn(u64) -> u64 = |n| n * n;

fn main() {
    SQUARE(3);
}

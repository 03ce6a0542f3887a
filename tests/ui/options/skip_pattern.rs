use memofn::memoize;

#[memoize(skip(x))]
fn distance((x, y): (u64, u64)) -> u64 {
    x + y
}

fn main() {
    distance((3, 4));
}

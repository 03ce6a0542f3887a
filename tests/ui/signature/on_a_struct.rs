use memofn::memoize;

#[memoize]
struct Circle {
    radius: u64,
}

fn main() {
    let _ = Circle { radius: 3 }.radius;
}

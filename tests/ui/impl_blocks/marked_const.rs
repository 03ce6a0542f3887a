use memofn::memoize;

struct Circle;

#[memoize]
impl Circle {
    #[memoize]
    const PI: u64 = 3;

    #[memoize]
    fn area(radius: u64) -> u64 {
        Self::PI * radius * radius
    }
}

fn main() {
    Circle::area(3);
}

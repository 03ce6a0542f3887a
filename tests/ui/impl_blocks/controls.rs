use memofn::memoize;

struct Circle;

#[memoize(controls = circle)]
impl Circle {
    #[memoize]
    fn area(radius: u64) -> u64 {
        3 * radius * radius
    }
}

fn main() {
    Circle::area(3);
}

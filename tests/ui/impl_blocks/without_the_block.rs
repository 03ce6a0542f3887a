use memofn::memoize;

trait Shape {
    fn area(radius: u64) -> u64;
}

struct Circle;

impl Shape for Circle {
    #[memoize]
    fn area(radius: u64) -> u64 {
        3 * radius * radius
    }
}

fn main() {
    Circle::area(3);
}

// errors: 5
// repeats: 2

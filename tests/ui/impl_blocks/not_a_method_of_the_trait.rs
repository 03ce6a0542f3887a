use memofn::memoize;

trait Shape {
    fn area(radius: u64) -> u64;
}

struct Circle;

#[memoize]
impl Shape for Circle {
    #[memoize]
    fn area(radius: u64) -> u64 {
        3 * radius * radius
    }

    #[memoize]
    fn circumference(radius: u64) -> u64 {
        6 * radius
    }
}

fn main() {
    Circle::area(3);
}

use memofn::memoize;

trait Shape {
    #[memoize]
    fn area(&self) -> u64;
}

struct Circle;

impl Shape for Circle {
    fn area(&self) -> u64 {
        3
    }
}

fn main() {
    Circle.area();
}

use memofn::memoize;

struct Circle;

trait Shape {
    fn area(&self) -> u64;
}

#[memoize(maxsize = 8)]
impl Shape for Circle {
    fn area(&self) -> u64 {
        3
    }
}

fn main() {
    Circle.area();
}

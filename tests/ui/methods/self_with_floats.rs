use memofn::memoize;

#[derive(Clone, PartialEq)]
struct Circle {
    radius: f64,
}

impl Circle {
    #[memoize]
    fn area(&self) -> f64 {
        3.14 * self.radius * self.radius
    }
}

fn main() {
    Circle { radius: 3.0 }.area();
}

use memofn::memoize;

struct Circle {
    radius: u64,
}

impl Circle {
    #[memoize]
    fn area(&self) -> u64 {
        3 * self.radius * self.radius
    }
}

fn main() {
    Circle { radius: 3 }.area();
}

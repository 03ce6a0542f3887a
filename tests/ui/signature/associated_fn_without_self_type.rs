use memofn::memoize;

struct Circle;

impl Circle {
    #[memoize]
    fn area(radius: u64) -> u64 {
        3 * radius * radius
    }
}

fn main() {
    Circle::area(3);
}

// errors: 3

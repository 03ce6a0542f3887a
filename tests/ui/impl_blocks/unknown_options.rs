use memofn::memoize;

struct Circle;

#[memoize(size = 8)]
impl Circle {
    #[memoize(time = "1h")]
    fn area(radius: u64) -> u64 {
        3 * radius * radius
    }
}

fn main() {
    Circle::area(3);
}

// errors: 2

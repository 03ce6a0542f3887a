use memofn::memoize;

struct Circle;

#[memoize]
impl Circle {
    #[memoize(controls = both)]
    fn area(radius: u64) -> u64 {
        3 * radius * radius
    }

    #[memoize(controls = both)]
    fn circumference(radius: u64) -> u64 {
        6 * radius
    }
}

fn main() {
    Circle::area(3);
    Circle::circumference(3);
}

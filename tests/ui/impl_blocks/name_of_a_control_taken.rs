use memofn::memoize;

struct Circle;

#[memoize]
impl Circle {
    #[memoize]
    fn area(radius: u64) -> u64 {
        3 * radius * radius
    }

    fn area_cache() -> u64 {
        3
    }
}

fn main() {
    Circle::area(3);
}

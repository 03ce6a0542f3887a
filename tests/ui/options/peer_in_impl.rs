use memofn::memoize;

struct Circle;

#[memoize]
impl Circle {
    #[memoize(in_impl = true)]
    fn area(radius: u64) -> u64 {
        3 * radius * radius
    }
}

fn main() {
    Circle::area(3);
}

use memofn::memoize;

#[derive(Clone)]
struct Circle {
    radius: u64,
}

impl Circle {
    #[memoize]
    fn new(radius: u64) -> Self {
        Circle { radius }
    }
}

fn main() {
    let _ = Circle::new(3).radius;
}

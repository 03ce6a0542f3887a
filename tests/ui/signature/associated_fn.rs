use memofn::memoize;

#[derive(Clone)]
struct Circle {
    radius: u64,
}

impl Circle {
    #[memoize]
    fn of_area(area: u64) -> Self {
        Self { radius: area / 3 }
    }
}

fn main() {
    let _ = Circle::of_area(3).radius;
}

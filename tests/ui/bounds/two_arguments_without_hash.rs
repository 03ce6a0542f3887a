use memofn::memoize;

#[derive(Clone, PartialEq)]
struct Point {
    x: f64,
}

#[memoize]
fn distance(a: Point, b: &Point) -> f64 {
    (a.x - b.x).abs()
}

fn main() {
    distance(Point { x: 3.0 }, &Point { x: 4.0 });
}

// errors: 2

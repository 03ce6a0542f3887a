use memofn::memoize;

#[derive(Clone, PartialEq)]
struct Point {
    x: f64,
}

#[memoize]
fn distance((point, scale): (Point, f64)) -> f64 {
    point.x.abs() * scale
}

fn main() {
    distance((Point { x: 3.0 }, 2.0));
}

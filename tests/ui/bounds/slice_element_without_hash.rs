use memofn::memoize;

#[derive(Clone, PartialEq, Eq)]
struct Point {
    x: i32,
}

#[memoize]
fn sum(points: &[Point]) -> i32 {
    points.iter().map(|point| point.x).sum()
}

fn main() {
    sum(&[Point { x: 3 }]);
}

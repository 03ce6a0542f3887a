use memofn::memoize;

#[derive(PartialEq, Eq, Hash)]
struct Point {
    x: i32,
}

#[memoize]
fn distance(point: &Point, scale: i32) -> i32 {
    point.x.abs() * scale
}

fn main() {
    distance(&Point { x: 3 }, 2);
}

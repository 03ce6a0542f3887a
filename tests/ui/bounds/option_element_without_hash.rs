use memofn::memoize;

#[derive(Clone, PartialEq, Eq)]
struct Point {
    x: i32,
}

#[memoize]
fn distance(point: Option<&Point>) -> i32 {
    point.map_or(0, |point| point.x)
}

fn main() {
    distance(Some(&Point { x: 3 }));
}

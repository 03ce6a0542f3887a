use memofn::memoize;

#[derive(Clone)]
struct Point {
    x: i32,
}

#[memoize(key = point.clone())]
fn distance(point: &Point) -> i32 {
    point.x.abs()
}

fn main() {
    distance(&Point { x: 3 });
}

// repeats: 4

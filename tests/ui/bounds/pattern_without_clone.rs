use memofn::memoize;

struct Point {
    x: i32,
    y: i32,
}

#[memoize(key = x % 10)]
fn distance(Point { x, y }: Point) -> i32 {
    x.abs() + y.abs()
}

fn main() {
    distance(Point { x: 3, y: 4 });
}

// repeats: 4

use memofn::memoize;

struct Point(u64, u64);

struct Request {
    at: Point,
}

#[memoize(key = request.at, on_evict = |_, value, _| println!("{value}"))]
fn square(request: &Request) -> u64 {
    request.at.0 * request.at.1
}

fn main() {
    square(&Request { at: Point(3, 3) });
}

// repeats: 5

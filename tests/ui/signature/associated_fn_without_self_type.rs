use memofn::memoize;

struct Circle;

impl Circle {
    #[memoize]
    fn area(radius: u64) -> u64 {
        3 * radius * radius
    }
}

fn main() {
    Circle::area(3);
}

// The attribute on a function sees no impl block, and this looks like a function in a module. It writes a type with the
// controls, and the compiler reports each part of it. The guide of traits quotes the message.
// errors: 5
// repeats: 2

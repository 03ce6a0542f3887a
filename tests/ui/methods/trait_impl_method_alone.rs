use memofn::memoize;

trait Shape {
    fn area(&self) -> u64;
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Square {
    side: u64,
}

impl Shape for Square {
    #[memoize]
    fn area(&self) -> u64 {
        self.side * self.side
    }
}

fn main() {
    Square { side: 3 }.area();
}

// The attribute on a method sees no impl block. It writes the controls beside the method, and the compiler reports each of
// them, and each use. The guide of traits quotes the message.
// errors: 9
// repeats: 4

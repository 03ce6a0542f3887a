use memofn::memoize;

trait Shape {
    fn side(&self) -> u64;

    #[memoize]
    fn area(&self) -> u64 {
        self.side() * self.side()
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Square;

impl Shape for Square {
    fn side(&self) -> u64 {
        3
    }
}

fn main() {
    Square.area();
}

// errors: 4

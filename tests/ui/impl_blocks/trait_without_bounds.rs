use memofn::memoize;

#[memoize]
trait Shape {
    fn side(&self) -> u64;

    #[memoize]
    fn area(&self) -> u64 {
        self.side() * self.side()
    }

    #[memoize]
    fn perimeter(&self) -> u64 {
        4 * self.side()
    }
}

struct Square;

impl Shape for Square {
    fn side(&self) -> u64 {
        3
    }
}

fn main() {
    Square.area();
}

use memofn::memoize;

trait Shape {
    fn side(&self) -> u64;

    #[memoize(key = self.side())]
    fn area(&self) -> u64 {
        self.side() * self.side()
    }
}

struct Square;

impl Shape for Square {
    fn side(&self) -> u64 {
        3
    }
}

fn main() {
    let shape: Box<dyn Shape> = Box::new(Square);
    shape.side();
}

use memofn::memoize;

trait Shape {
    fn area(&self) -> u64;
}

#[derive(Clone, PartialEq, Eq)]
struct Square {
    side: u64,
}

#[memoize]
impl Shape for Square {
    #[memoize]
    fn area(&self) -> u64 {
        self.side * self.side
    }
}

fn main() {
    Square { side: 3 }.area();
}

use memofn::memoize;

trait Shape {
    fn area(&self) -> u64;
}

struct Square;
struct SquareControls;

#[memoize(controls = SquareControls)]
impl Shape for Square {
    #[memoize(skip(self))]
    fn area(&self) -> u64 {
        9
    }
}

fn main() {
    let _ = SquareControls;
    Square.area();
}

// errors: 2

use memofn::memoize;

#[memoize]
trait Area {
    fn area(&self) -> u64;
}

struct Square(u64);

impl Area for Square {
    fn area(&self) -> u64 {
        self.0 * self.0
    }
}

fn main() {
    Square(3).area();
}

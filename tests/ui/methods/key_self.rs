use memofn::memoize;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Rectangle {
    width: u64,
    height: u64,
}

impl Rectangle {
    #[memoize(key = self)]
    fn area(&self) -> u64 {
        self.width * self.height
    }
}

fn main() {
    Rectangle { width: 3, height: 4 }.area();
}

use memofn::memoize;

#[derive(Clone, PartialEq, Hash)]
struct Rectangle {
    width: u64,
    height: u64,
}

impl Rectangle {
    #[memoize]
    fn area(self, scale: u64) -> u64 {
        self.width * self.height * scale
    }
}

fn main() {
    Rectangle { width: 3, height: 4 }.area(2);
}

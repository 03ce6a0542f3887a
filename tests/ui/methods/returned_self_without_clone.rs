use memofn::memoize;

#[derive(PartialEq, Eq, Hash)]
struct Square {
    side: u64,
}

impl Square {
    #[memoize(key = self.side)]
    fn doubled(&self) -> Self {
        Self { side: self.side * 2 }
    }
}

fn main() {
    Square { side: 3 }.doubled();
}

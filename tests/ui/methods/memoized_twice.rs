use memofn::memoize;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Square {
    side: u64,
}

impl Square {
    #[memoize(maxsize = 128)]
    #[memoize(ttl = "30m")]
    fn area(&self) -> u64 {
        self.side * self.side
    }
}

fn main() {
    Square { side: 3 }.area();
}

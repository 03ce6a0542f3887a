use memofn::memoize;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Rectangle {
    width: u64,
    height: u64,
}

impl Rectangle {
    #[memoize(maxsise = 128)]
    fn area(&self, unit: u64) -> u64 {
        self.width * self.height * unit
    }

    #[memoize(ttl = "1 parsec")]
    fn perimeter(&self) -> u64 {
        2 * (self.width + self.height)
    }

    #[memoize]
    fn grow(&mut self, by: u64) -> u64 {
        self.width += by;
        self.width
    }
}

fn main() {
    let mut rectangle = Rectangle { width: 3, height: 3 };
    let nine: u64 = rectangle.area(1);
    assert_eq!(nine, 9);
    assert_eq!(rectangle.perimeter(), 12);
    assert_eq!(rectangle.grow(2), 5);
}

// errors: 3

use memofn::memoize;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Rectangle {
    width: u64,
    height: u64,
}

#[memoize(maxsise = 128)]
impl Rectangle {
    #[memoize]
    fn square(side: &mut u64) -> Self {
        Self { width: *side, height: *side }
    }

    #[memoize(skip(this))]
    fn area(&self, unit: u64) -> u64 {
        self.width * self.height * unit
    }

    #[memoize]
    const fn perimeter(&self) -> u64 {
        2 * (self.width + self.height)
    }

    #[memoize]
    fn scaled(&self, by: u64) -> Self {
        Self { width: self.width * by, height: self.height * by }
    }

    fn is_square(&self) -> bool {
        self.width == self.height
    }
}

fn main() {
    let square = Rectangle::square(&mut 3);
    let nine: u64 = square.area(1);
    assert_eq!(nine, 9);
    let wide: Rectangle = square.scaled(2);
    assert_eq!(wide.perimeter(), 24);
    assert!(wide.is_square());
}

// errors: 4

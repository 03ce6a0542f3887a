//! The attribute under another name, also on a block.

use memofn::memoize as remember;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Square(u32);

#[remember(maxsize = 10)]
impl Square {
    #[remember]
    fn of(side: u32) -> Self {
        Self(side)
    }

    #[remember(ttl = "1h")]
    fn area(&self) -> u32 {
        self.0 * self.0
    }

    #[memofn::memoize]
    fn side(&self) -> u32 {
        self.0
    }
}

#[remember]
trait Doubled: Sized {
    #[remember(skip(self))]
    fn twice(&self, n: u32) -> u32 {
        n * 2
    }
}

impl Doubled for Square {}

fn main() {
    assert_eq!((Square::of(3).area(), Square::of(3).area()), (9, 9));
    assert_eq!((Square::of(3).side(), Square::of(3).twice(2)), (3, 4));
    assert_eq!(Square::of_cache().info().misses, 1);
    assert_eq!(Square::of_cache().parameters().maxsize, Some(10));
    assert_eq!(Square::area_cache().info().hits, 1);
    assert_eq!(Square::twice_cache().len(), 1);
}

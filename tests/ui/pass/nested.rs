//! Functions inside functions. They have no path.

#![deny(warnings)]

use memofn::memoize;

fn outer(n: u64) -> u64 {
    #[derive(Clone, PartialEq, Eq, Hash)]
    struct Local(u64);

    #[memoize(maxsize = SIZE)]
    fn inner(n: Local) -> Local {
        Local(n.0 * 2)
    }
    const SIZE: usize = 3;

    let twice = inner(Local(n)).0;
    assert_eq!(inner::cache_info().maxsize, Some(3));
    assert_eq!(inner::uncached(Local(1)).0, 2);
    twice
}

#[memoize]
fn memoized(n: u64) -> u64 {
    #[memoize]
    fn inner(n: u64) -> u64 {
        if n == 0 { 0 } else { inner(n - 1) + memoized(n - 1) + 1 }
    }
    inner(n)
}

/// The inner function has the name of the outer one.
#[memoize]
fn same(n: u64) -> u64 {
    #[memoize(key = n / 2)]
    fn same(n: u64) -> u64 {
        n + 1
    }
    same(n) + 1
}

trait Shape {
    fn area(&self) -> u64;
}

struct Circle(u64);

impl Shape for Circle {
    fn area(&self) -> u64 {
        #[memoize]
        fn area(radius: u64) -> u64 {
            3 * radius * radius
        }
        area(self.0) + area::cache_info().hits
    }
}

fn generic<T: Into<u64>>(n: T) -> u64 {
    #[memoize(scope = "thread")]
    fn twice(n: u64) -> u64 {
        n * 2
    }
    twice(n.into())
}

const _: () = {
    #[memoize]
    #[allow(dead_code)]
    fn in_a_constant(n: u64) -> u64 {
        n
    }
};

fn main() {
    assert_eq!((outer(3), outer(3)), (6, 6));
    assert_eq!((memoized(5), memoized(5)), (31, 31));
    assert_eq!((same(3), same(3)), (5, 5));
    assert_eq!((Circle(2).area(), Circle(2).area()), (12, 13));
    assert_eq!((generic(3_u32), generic(3_u8)), (6, 6));
    let closure = |n| {
        #[memoize]
        fn in_a_closure(n: u64) -> u64 {
            n
        }
        in_a_closure(n) + in_a_closure::cache_info().hits
    };
    assert_eq!((closure(1), closure(1)), (1, 2));
}

//! Memoized functions whose caches store entries without headers until something needs the headers: see `docs/design.md`.
//! Nobody but a profiler can tell.

use memofn::memoize;

macro_rules! lists_a_recursion_in_the_order_of_storing {
    ($fib:ident) => {
        assert_eq!($fib(100), 354_224_848_179_261_915_075);
        let info = $fib::cache_info();
        assert_eq!((info.misses, info.hits, info.currsize), (101, 98, 101));
        let listed: Vec<_> = $fib::cache().iter().map(|entry| *entry.key()).collect();
        let stored: Vec<_> = (2..=100).rev().chain([0, 1]).collect();
        assert_eq!(listed, stored);
        assert_eq!(($fib(100), $fib::cache_info().misses), (354_224_848_179_261_915_075, 101));
        $fib::cache_clear();
        assert_eq!(($fib(50), $fib::cache_info().misses), (12_586_269_025, 51));
    };
}

#[test]
fn a_recursion_computes_each_value_once_and_lists_them_in_the_order_of_storing() {
    #[memoize(maxsize = unbounded)]
    fn shared(n: u64) -> u128 {
        if n < 2 { u128::from(n) } else { shared(n - 1) + shared(n - 2) }
    }
    #[memoize(scope = "thread", maxsize = unbounded)]
    fn of_thread(n: u64) -> u128 {
        if n < 2 { u128::from(n) } else { of_thread(n - 1) + of_thread(n - 2) }
    }
    lists_a_recursion_in_the_order_of_storing!(shared);
    lists_a_recursion_in_the_order_of_storing!(of_thread);
}

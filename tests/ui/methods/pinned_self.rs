use memofn::memoize;
use std::pin::Pin;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Counter {
    calls: u64,
}

impl Counter {
    #[memoize]
    fn square(self: Pin<&mut Self>, n: u64) -> u64 {
        n * n
    }
}

fn main() {
    Pin::new(&mut Counter { calls: 0 }).square(3);
}

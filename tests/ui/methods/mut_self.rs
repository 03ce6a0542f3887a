use memofn::memoize;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Counter {
    calls: u64,
}

impl Counter {
    #[memoize]
    fn square(&mut self, n: u64) -> u64 {
        self.calls += 1;
        n * n
    }
}

fn main() {
    Counter { calls: 0 }.square(3);
}

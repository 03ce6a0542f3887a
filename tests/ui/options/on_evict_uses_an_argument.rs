use memofn::memoize;

struct Log(Vec<u64>);

#[memoize(skip(log), on_evict = |key, _, _| log.0.push(*key))]
fn square(n: u64, log: &mut Log) -> u64 {
    log.0.push(n);
    n * n
}

struct Squares {
    log: Log,
}

impl Squares {
    #[memoize(skip(self), on_evict = |key, _, _| println!("{key} {}", self.log.0.len()))]
    fn square(&self, n: u64) -> u64 {
        n * n
    }
}

fn main() {
    square(3, &mut Log(Vec::new()));
    Squares { log: Log(Vec::new()) }.square(3);
}

// errors: 2

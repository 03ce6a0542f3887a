use memofn::memoize;
use std::sync::Mutex;

fn main() {
    let log = Mutex::new(Vec::<u64>::new());

    #[memoize(on_evict = |key, _, _| log.lock().unwrap().push(*key))]
    fn square(n: u64) -> u64 {
        n * n
    }

    square(3);
}

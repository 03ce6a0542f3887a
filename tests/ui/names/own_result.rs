use memofn::memoize;
use std::hash::Hash;

#[derive(Clone)]
struct Result<T>(T);

#[memoize]
fn boxed<T: Hash + Eq + Clone + Send + Sync + 'static>(value: T) -> Result<T> {
    Result(value)
}

struct Shop;

impl Shop {
    #[memoize(skip(self))]
    fn price(&self, item: u32) -> Result<u32> {
        Result(item)
    }
}

fn main() {}

// errors: 4

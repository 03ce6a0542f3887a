use memofn::memoize;
use std::cell::RefCell;
use std::sync::Arc;

#[memoize]
fn counter(start: u64) -> Arc<RefCell<u64>> {
    Arc::new(RefCell::new(start))
}

fn main() {
    counter(3);
}

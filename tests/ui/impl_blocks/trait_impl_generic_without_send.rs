use memofn::memoize;
use std::hash::Hash;

trait Count {
    fn count(&self) -> usize;
}

#[memoize]
impl<T: Hash + Eq + Clone + 'static> Count for Vec<T> {
    #[memoize]
    fn count(&self) -> usize {
        self.len()
    }
}

fn main() {
    Count::count(&vec![3]);
}

// repeats: 2

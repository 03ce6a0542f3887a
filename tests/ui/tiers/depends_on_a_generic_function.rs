use memofn::memoize;

#[memoize]
fn twice<T: Into<u64> + std::hash::Hash + Eq + Clone + Send + Sync + 'static>(n: T) -> u64 {
    2 * n.into()
}

#[memoize(depends(twice))]
fn four(n: u64) -> u64 {
    2 * twice(n)
}

fn main() {}

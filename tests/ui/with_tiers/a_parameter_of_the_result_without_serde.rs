use memofn::memoize;

#[memoize(disk)]
fn page<T: Clone + Default + Send + Sync + 'static>(url: u64) -> Vec<T> {
    let _ = url;
    Vec::new()
}

fn main() {}

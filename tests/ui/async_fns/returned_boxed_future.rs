use memofn::memoize;
use std::pin::Pin;

#[memoize]
fn page(id: u64) -> Pin<Box<dyn Future<Output = String> + Send>> {
    Box::pin(async move { id.to_string() })
}

fn main() {
    drop(page(3));
}

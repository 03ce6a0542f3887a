use memofn::memoize;

#[memoize]
fn page(id: u64) -> impl Future<Output = String> {
    async move { id.to_string() }
}

fn main() {
    drop(page(3));
}

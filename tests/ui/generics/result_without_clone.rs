use memofn::memoize;

#[memoize]
fn parsed<T: std::str::FromStr + Send + Sync + 'static>(text: &str) -> Option<T> {
    text.parse().ok()
}

fn main() {
    parsed::<u64>("3");
}

use memofn::memoize;
use std::str::FromStr;

#[memoize]
fn parsed<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

fn main() {
    parsed::<u64>("3");
}


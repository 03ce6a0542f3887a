use memofn::memoize;
use std::str::FromStr;

#[memoize]
fn parsed<T: FromStr + Clone + 'static>(text: &str) -> Result<T, T::Err> {
    text.parse()
}

fn main() {
    parsed::<u64>("3").unwrap();
}

use memofn::memoize;
use std::fmt::Display;

#[memoize]
fn length(text: &dyn Display) -> usize {
    text.to_string().len()
}

fn main() {
    length(&"three");
}

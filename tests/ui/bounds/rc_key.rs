use memofn::memoize;
use std::rc::Rc;

#[memoize(key = Rc::<str>::from(text))]
fn length(text: &str) -> usize {
    text.len()
}

fn main() {
    length("three");
}

// repeats: 4

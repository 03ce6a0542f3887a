use memofn::memoize;
use std::rc::Rc;

#[memoize]
fn length(text: Rc<str>) -> usize {
    text.len()
}

fn main() {
    length("three".into());
}

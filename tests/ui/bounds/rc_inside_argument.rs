use memofn::memoize;
use std::rc::Rc;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Text(Rc<str>);

#[memoize]
fn length(text: &Text) -> usize {
    text.0.len()
}

fn main() {
    length(&Text("three".into()));
}

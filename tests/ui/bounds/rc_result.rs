use memofn::memoize;
use std::rc::Rc;

#[memoize]
fn shout(text: &str) -> Rc<str> {
    text.to_uppercase().into()
}

fn main() {
    shout("three");
}

use memofn::memoize;
use std::rc::Rc;

#[memoize]
fn count(text: Rc<str>, letter: char) -> usize {
    text.matches(letter).count()
}

fn main() {
    count("three".into(), 'e');
}

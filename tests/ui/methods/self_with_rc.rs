use memofn::memoize;
use std::rc::Rc;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Document {
    text: Rc<str>,
}

impl Document {
    #[memoize]
    fn words(&self) -> usize {
        self.text.split(' ').count()
    }
}

fn main() {
    Document { text: "one two".into() }.words();
}

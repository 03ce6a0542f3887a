use memofn::memoize;
use std::fmt::Debug;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Stack<T> {
    items: Vec<T>,
}

impl<T: Debug> Stack<T> {
    #[memoize]
    fn text(&self) -> String {
        format!("{:?}", self.items)
    }
}

fn main() {
    Stack { items: vec![3] }.text();
}

// errors: 2

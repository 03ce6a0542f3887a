use memofn::memoize;
use std::fmt::Debug;
use std::hash::Hash;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Stack<T> {
    items: Vec<T>,
}

impl<T: Debug + Hash + Eq + Clone + Send + Sync> Stack<T> {
    #[memoize]
    fn text(&self) -> String {
        format!("{:?}", self.items)
    }
}

fn main() {
    Stack { items: vec![3] }.text();
}

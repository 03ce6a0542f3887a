use memofn::memoize;

struct Tree<T> {
    items: Vec<T>,
}

#[memoize]
impl<T: Ord> Tree<T> {
    #[memoize(skip(self))]
    fn rank(&self, item: &T) -> usize {
        self.items.iter().filter(|it| *it < item).count()
    }

    #[memoize(skip(self))]
    fn contains(&self, item: &T) -> bool {
        self.items.contains(item)
    }
}

fn main() {
    Tree { items: vec![3] }.rank(&4);
}

//! Short lists.

/// A list that allocates from its second item on: a hash is nearly always that of one key.
#[derive(Debug)]
pub(crate) struct SmallList<T> {
    first: Option<T>,
    more: Vec<T>,
}

impl<T> SmallList<T> {
    pub(crate) const fn new() -> Self {
        Self { first: None, more: Vec::new() }
    }

    #[inline]
    pub(crate) fn push(&mut self, item: T) {
        if self.first.is_none() {
            self.first = Some(item);
        } else {
            self.more.push(item);
        }
    }

    pub(crate) fn pop(&mut self) -> Option<T> {
        let last = self.more.pop();
        if self.more.is_empty() {
            self.more = Vec::new();
        }
        last.or_else(|| self.first.take())
    }

    /// The first item, and the others.
    #[inline]
    pub(crate) fn into_parts(self) -> (Option<T>, Vec<T>) {
        (self.first, self.more)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.first.iter().chain(&self.more)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }
}

impl<T> IntoIterator for SmallList<T> {
    type Item = T;
    type IntoIter = std::iter::Chain<std::option::IntoIter<T>, std::vec::IntoIter<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.first.into_iter().chain(self.more)
    }
}

//! Short lists.

/// A list that allocates from its second item on. Nearly all lists have one item at most: a hash is that of one key, and
/// one entry makes room for another.
#[derive(Debug)]
pub(crate) struct SmallList<T> {
    first: Option<T>,
    /// The other items. Boxed, so that a list without them is quickly made, tested and dropped.
    more: Option<More<T>>,
}

pub(crate) type More<T> = Box<Vec<T>>;

impl<T> SmallList<T> {
    pub(crate) const fn new() -> Self {
        Self { first: None, more: None }
    }

    #[inline]
    pub(crate) fn push(&mut self, item: T) {
        if self.first.is_none() {
            self.first = Some(item);
        } else {
            self.more.get_or_insert_default().push(item);
        }
    }

    pub(crate) fn pop(&mut self) -> Option<T> {
        let last = self.more.as_mut().and_then(|more| more.pop());
        if self.more.as_ref().is_some_and(|more| more.is_empty()) {
            self.more = None;
        }
        last.or_else(|| self.first.take())
    }

    /// The first item, and the others if there are any.
    #[inline]
    pub(crate) fn into_parts(self) -> (Option<T>, Option<More<T>>) {
        (self.first, self.more)
    }

    /// The list of these [parts](Self::into_parts).
    #[inline]
    pub(crate) fn from_parts(first: T, more: Option<More<T>>) -> Self {
        Self { first: Some(first), more }
    }

    #[inline]
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.first.iter().chain(self.more.iter().flat_map(|more| more.iter()))
    }

    /// [`iter`](Self::iter), with nothing to set up for the common list.
    #[inline]
    pub(crate) fn for_each(&self, mut see: impl FnMut(&T)) {
        if let Some(first) = &self.first {
            see(first);
            if let Some(more) = &self.more {
                more.iter().for_each(see);
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }
}

impl<T> FromIterator<T> for SmallList<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut list = Self::new();
        items.into_iter().for_each(|item| list.push(item));
        list
    }
}

impl<T> IntoIterator for SmallList<T> {
    type Item = T;
    type IntoIter = std::iter::Chain<std::option::IntoIter<T>, std::vec::IntoIter<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.first.into_iter().chain(self.more.map(|more| *more).unwrap_or_default())
    }
}

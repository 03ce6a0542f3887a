//! The tags of a call: names under which its entry can be invalidated.
//!
//! A look-up [with tags](Tagged) makes them where it makes the owned key: on a miss, without a lock, before the run begins.
//! It knows text. It must not know which entries have a tag.

use crate::key::lookup::Lookup;
use std::borrow::Cow;
use std::fmt;
use std::hash::Hasher;
use std::sync::Arc;

/// A name that several entries may have.
pub(crate) type Tag = Cow<'static, str>;

type List = Box<Vec<Tag>>;

/// The tags of one call, no two of them equal. Nearly all calls have none: then this is a null pointer.
#[derive(Debug, Default)]
pub struct Tags(Option<List>);

impl Tags {
    pub(crate) fn new(tags: impl IntoIterator<Item = Tag>) -> Self {
        let mut tags: Vec<_> = tags.into_iter().collect();
        tags.sort_unstable();
        tags.dedup();
        Self((!tags.is_empty()).then(|| Box::new(tags)))
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Adds a tag.
    pub(crate) fn extend(&mut self, tag: Option<Tag>) {
        if let Some(tag) = tag {
            self.0.get_or_insert_default().push(tag);
        }
    }

    /// Copies of them.
    pub(crate) fn texts(&self) -> Vec<Arc<str>> {
        self.0.iter().flat_map(|tags| tags.iter()).map(|tag| Arc::from(&**tag)).collect()
    }

    pub(crate) fn into_vec(self) -> Vec<Tag> {
        self.0.map(|tags| *tags).unwrap_or_default()
    }
}

/// A look-up whose entry gets the tags that `F` returns, if one is made.
pub struct Tagged<Q, F> {
    lookup: Q,
    tags: Option<F>,
}

impl<Q, F: FnOnce() -> Tags> Tagged<Q, F> {
    #[inline]
    pub(crate) fn new(lookup: Q, tags: F) -> Self {
        Self { lookup, tags: Some(tags) }
    }
}

impl<Q: Lookup, F: FnOnce() -> Tags> Lookup for Tagged<Q, F> {
    type Key = Q::Key;

    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.lookup.hash(state);
    }
    #[inline]
    fn matches(&self, key: &Self::Key) -> bool {
        self.lookup.matches(key)
    }
    fn into_key(self) -> Self::Key {
        self.lookup.into_key()
    }
    fn equal(a: &Self::Key, b: &Self::Key) -> bool {
        Q::equal(a, b)
    }
    fn take_tags(&mut self) -> Tags {
        self.tags.take().map(|tags| tags()).unwrap_or_default()
    }
}

impl<Q: fmt::Debug, F> fmt::Debug for Tagged<Q, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tagged").field("lookup", &self.lookup).finish_non_exhaustive()
    }
}

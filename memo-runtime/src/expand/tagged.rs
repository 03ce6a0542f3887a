//! Calls with tags: the look-up, and the given cache that is listed so that its tags are found.

use crate::cache::cache::Cache;
use crate::cache::given::GivenCache;
use crate::expand::bounds::{Impossible, Never};
use crate::key::lookup::Lookup;
use crate::key::tags::{Tagged, Tags};
use crate::scope::scope::Scope;

/// A look-up whose entry gets the tags that `tags` returns.
#[inline]
pub fn tagged<Q: Lookup, F: Fn() -> Tags>(lookup: Q, tags: F) -> Tagged<Q, F> {
    Tagged::new(lookup, tags)
}

/// A given cache whose entries may have tags.
#[diagnostic::on_unimplemented(
    message = "the entries of this cache cannot have tags",
    label = "other threads cannot reach this cache",
    note = "`memofn::invalidate_tag` reaches a cache from every thread: the cache is no cache of one thread, and its keys \
            and values need `Send`, `Sync` and `'static`"
)]
pub trait TaggableCache<L> {
    #[doc(hidden)]
    fn list(&self) -> L;
}

#[diagnostic::do_not_recommend]
impl<K, V> TaggableCache<()> for Cache<K, V>
where
    K: Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    #[inline]
    fn list(&self) {
        self.list_tagged();
    }
}

#[diagnostic::do_not_recommend]
impl<K: Impossible, V, S: Scope> TaggableCache<Never> for Cache<K, V, S> {
    fn list(&self) -> Never {
        K::never()
    }
}

// There are two of them, because no other implementation is for a cache of one thread.
#[diagnostic::do_not_recommend]
impl<K: Impossible, V, S: Scope> TaggableCache<(Never,)> for Cache<K, V, S> {
    fn list(&self) -> (Never,) {
        (K::never(),)
    }
}

/// The tags of a call through a given cache. The cache is found by them from now on, before the call starts.
#[must_use]
pub fn tags_in<K, V, S: Scope, L>(tags: Tags, given: GivenCache<'_, K, V, S>) -> Tags
where
    Cache<K, V, S>: TaggableCache<L>,
{
    given.cache().list();
    tags
}

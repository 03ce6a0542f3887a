//! A call as the engine sees it: a key that hashes, compares and is made, of a type that the engine does not know.

use crate::entry::entry::Entry;
use crate::entry::entry_ref::FaceRef;
use crate::entry::header::Header;
use crate::key::hash::Hashing;
use crate::key::lookup::Lookup;
use crate::key::tags::Tags;
use std::marker::PhantomData;
use std::ptr::NonNull;

/// Compares the keys of two entries of one cache.
pub(crate) type EqualKeys = fn(FaceRef, FaceRef) -> bool;

/// The key of a call.
///
/// The maker of such a query promises that it is used with caches of its types only. Each method runs user code.
pub(crate) trait AnyQuery {
    fn hash(&self, hashing: Hashing) -> u64;
    /// Whether the entry has this key.
    fn matches(&self, entry: FaceRef) -> bool;
    /// Writes the key into memory for an entry, and returns the tags of the call. The query is used up.
    fn write_key(&mut self, memory: NonNull<Header>) -> Tags;
    fn equal_keys(&self) -> EqualKeys;
    /// Drops the query, which no longer needs its key.
    ///
    /// A run is made after that. If the drop panicked as a function returned, the compiler would leak what it returned, and
    /// a run that leaks never ends (rust#47949).
    fn discard(&mut self);
}

/// A [`Lookup`] for a cache of its keys and of values `V`.
pub(crate) struct Query<Q, V> {
    lookup: Option<Q>,
    values: PhantomData<fn() -> V>,
}

impl<Q: Lookup, V> Query<Q, V> {
    /// # Safety
    ///
    /// The query is used with caches that have keys of type `Q::Key` and values of type `V`.
    #[expect(unsafe_code, reason = "an engine has no types")]
    #[inline]
    pub(crate) unsafe fn new(lookup: Q) -> Self {
        Self { lookup: Some(lookup), values: PhantomData }
    }

    fn lookup(&self) -> &Q {
        self.lookup.as_ref().expect("a query is used until its key is made")
    }
}

impl<Q: Lookup, V> AnyQuery for Query<Q, V> {
    fn hash(&self, hashing: Hashing) -> u64 {
        hashing.hash(|state| self.lookup().hash(state))
    }

    fn matches(&self, entry: FaceRef) -> bool {
        #[expect(unsafe_code, reason = "an engine has no types")]
        // SAFETY: the maker of this query has promised that the entry is of these types. The caller keeps it alive.
        let key = unsafe { Entry::<Q::Key, V>::key_of(entry) };
        self.lookup().matches(key)
    }

    fn write_key(&mut self, memory: NonNull<Header>) -> Tags {
        let mut lookup = self.lookup.take().expect("a key is made once");
        let tags = lookup.take_tags();
        let key = lookup.into_key();
        #[expect(unsafe_code, reason = "an engine has no types")]
        // SAFETY: the maker of this query has promised that the memory is for an entry of these types.
        unsafe {
            Entry::<Q::Key, V>::write_key(memory, key);
        }
        tags
    }

    fn equal_keys(&self) -> EqualKeys {
        equal_keys::<Q, V>
    }

    fn discard(&mut self) {
        self.lookup = None;
    }
}

fn equal_keys<Q: Lookup, V>(a: FaceRef, b: FaceRef) -> bool {
    #[expect(unsafe_code, reason = "an engine has no types")]
    // SAFETY: the engine compares its own entries, and the query that gave this function is of their types.
    let (a, b) = unsafe { (Entry::<Q::Key, V>::key_of(a), Entry::<Q::Key, V>::key_of(b)) };
    Q::equal(a, b)
}

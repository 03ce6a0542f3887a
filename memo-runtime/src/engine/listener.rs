//! The listener of a cache: user code that hears of each value that has left.
//!
//! It is typed where it is made, and the engine calls it without types. It must not know when values leave.

use crate::base::catch_panic::FirstPanic;
use crate::entry::entry::Entry;
use crate::entry::entry_ref::EntryRef;
use crate::entry::entry_type::EntryType;
use crate::store::cause::EvictionCause;
use crate::store::store::TakenOut;
use std::any::TypeId;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

type Tell = dyn Fn(EntryRef, EvictionCause) + Send + Sync;

/// A user's closure that is told of each value that has left a cache, and why.
#[derive(Clone)]
pub(crate) struct Listener {
    tell: Arc<Tell>,
    /// The types of the entries that it can be told of.
    types: TypeId,
}

impl Listener {
    pub(crate) fn new<K: 'static, V: 'static>(
        listener: impl Fn(&K, &V, EvictionCause) + Send + Sync + 'static,
    ) -> Self {
        let tell = move |entry, why| {
            #[expect(unsafe_code, reason = "an engine has no types")]
            // SAFETY: an engine has asked `is_for` about its entries, and keeps an entry alive while it tells of it. The
            // types have no lifetimes that a cache could shorten: `CacheBuilder::build` asks for that.
            let entry = unsafe { Entry::<K, V>::of(entry) };
            listener(&entry.key, entry.value(), why);
        };
        Self { tell: Arc::new(tell), types: typeid::of::<(K, V)>() }
    }

    /// Whether it can be told of entries of this type.
    pub(crate) fn is_for(&self, types: &EntryType) -> bool {
        self.types == types.id()
    }

    /// Tells of entries of its types that have left the store, one after the other. The caller owns them. A panic
    /// keeps no other entry from being told of.
    #[cold]
    pub(crate) fn tell(&self, taken: impl Iterator<Item = TakenOut>) -> FirstPanic {
        let mut panic = FirstPanic::none();
        taken.for_each(|(entry, why)| panic.catch(|| (self.tell)(entry, why)));
        panic
    }
}

// A cache with a listener is as safe as one without: a closure that is called again after its own panic is up to the
// user, as a `Drop` is.
impl UnwindSafe for Listener {}
impl RefUnwindSafe for Listener {}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listener")
    }
}

//! Entries and tables that were taken out: the listener is told, and they are dropped once nobody reads them.

use super::Core;
use crate::base::catch_panic::FirstPanic;
use crate::base::small_list::SmallList;
use crate::engine::listener::Listener;
use crate::entry::entry::EntryPtr;
use crate::entry::entry_ref::EntryRef;
use crate::scope::scope::{Lock, Scope};
use crate::store::store::TakenOut;

impl<S: Scope> Core<S> {
    /// Drops entries that were taken out, now or when nobody reads them any longer. Nothing is locked.
    ///
    /// Each entry that leaves the table comes here, since a reader may have found it there. That includes an
    /// entry that was never stored: its run owns it, and may drop it at any time, and so it is given one more
    /// owner, which comes here.
    #[inline]
    pub(super) fn discard(&self, dead: impl IntoIterator<Item = EntryPtr<S>>) {
        self.retired.discard(dead.into_iter(), self.address(), &self.readers);
    }

    /// Tells the listener what has left the store, and drops it. Nothing is locked, and the listener may use the
    /// cache.
    #[cold]
    pub(super) fn release(&self, taken: SmallList<TakenOut>) {
        self.tell(taken.iter().copied()).resume_after(|| {
            self.discard(self.adopt(taken.into_iter().map(|(entry, _)| entry)));
        });
    }

    pub(crate) fn listener(&self) -> Option<Listener> {
        self.listener.clone()
    }

    /// Tells the listener what has left the store. The caller owns it.
    #[inline]
    pub(super) fn tell(&self, taken: impl Iterator<Item = TakenOut>) -> FirstPanic {
        match &self.listener {
            Some(listener) => listener.tell(taken),
            None => FirstPanic::none(),
        }
    }

    /// Owns entries that the store no longer owns. All of them have an owner before the first is dropped, because
    /// that may panic.
    pub(super) fn adopt(
        &self,
        taken: impl IntoIterator<Item = EntryRef>,
    ) -> SmallList<EntryPtr<S>> {
        taken.into_iter().map(|entry| self.retired.adopt(entry)).collect()
    }

    #[cold]
    pub(super) fn discard_replaced(&self) {
        let replaced = self.state.0.with(|state| state.store.take_replaced());
        self.retired.discard_replaced(replaced, self.address(), &self.readers);
    }

    /// Drops what was taken out before and is no longer read.
    #[cold]
    pub(crate) fn reclaim(&self) {
        self.retired.reclaim(self.address(), &self.readers);
    }

    /// Tells this cache from all others, to the readers.
    #[inline]
    pub(crate) fn address(&self) -> usize {
        (&raw const self.table).addr()
    }
}

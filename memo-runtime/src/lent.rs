//! Entries that are read without the lock.

use crate::entry::{Entry, EntryPtr};
use crate::head::{Link, Place};
use crate::scope::Scope;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;

/// An entry that is read: by way of an announcement, or where one thread has the cache to itself by owning
/// it meanwhile.
pub(crate) struct Lent<'r, K, V, S: Scope> {
    pub(crate) entry: ManuallyDrop<EntryPtr<K, V, S>>,
    lives: PhantomData<&'r ()>,
}

impl<K, V, S: Scope> Lent<'_, K, V, S> {
    /// # Safety
    ///
    /// It is an entry of these types, which lives as long as this says; where there are owners, by one that
    /// was counted for this.
    #[expect(unsafe_code, reason = "places have no types")]
    #[inline]
    pub(crate) unsafe fn new(place: Place) -> Self {
        // SAFETY: by the condition above; where it is not owned, it is not dropped either.
        let entry = ManuallyDrop::new(unsafe { EntryPtr::from_place(place) });
        Self { entry, lives: PhantomData }
    }

    /// The owner, if this is one.
    #[inline]
    fn owner(self) -> Option<EntryPtr<K, V, S>> {
        let mut this = ManuallyDrop::new(self);
        #[expect(unsafe_code, reason = "it is not always dropped")]
        // SAFETY: it is not used again.
        (!S::SHARED).then(|| unsafe { ManuallyDrop::take(&mut this.entry) })
    }

    /// The entry, if it has no other owner any longer.
    #[inline]
    pub(crate) fn end(self) -> Option<Box<Entry<K, V>>> {
        self.owner().and_then(EntryPtr::release_it)
    }
}

impl<K, V, S: Scope> Drop for Lent<'_, K, V, S> {
    #[inline]
    fn drop(&mut self) {
        if !S::SHARED {
            #[expect(unsafe_code, reason = "it is not always dropped")]
            // SAFETY: it is dropped here, if it was not taken before.
            unsafe {
                ManuallyDrop::drop(&mut self.entry);
            }
        }
    }
}

/// The owner of an entry that was read in vain, where there are owners: to drop it is left to the one who
/// tries again, and does not mind to call a function.
pub(crate) struct Postponed<K, V, S: Scope> {
    place: Link,
    owner: PhantomData<EntryPtr<K, V, S>>,
}

impl<K, V, S: Scope> Postponed<K, V, S> {
    #[inline]
    pub(crate) fn put(&self, lent: Lent<'_, K, V, S>) {
        if let Some(owner) = lent.owner() {
            self.place.set(Some(ManuallyDrop::new(owner).place()));
        }
    }

    #[inline]
    pub(crate) fn drop_it(&self) {
        if S::SHARED {
            return;
        }
        if let Some(place) = self.place.get() {
            self.place.set(None);
            #[expect(unsafe_code, reason = "places have no types")]
            // SAFETY: it was put there by an owner, which it was left to.
            drop(unsafe { EntryPtr::<K, V, S>::from_place(place) });
        }
    }
}

impl<K, V, S: Scope> Default for Postponed<K, V, S> {
    fn default() -> Self {
        Self { place: Link::default(), owner: PhantomData }
    }
}

impl<K, V, S: Scope> Drop for Postponed<K, V, S> {
    fn drop(&mut self) {
        self.drop_it();
    }
}

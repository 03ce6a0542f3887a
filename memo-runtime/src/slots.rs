//! Where the caches are that each thread has for itself, and when they are dropped.

use crate::cache::Cache;
use crate::here::Places;
use crate::instances::{Instance, Node};
use crate::scope::Thread;
use crate::site::Options;
use crate::sync;
use std::cell::{OnceCell, RefCell, UnsafeCell};
use std::fmt;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::thread::LocalKey;

/// What a function's static holds in each thread: its caches for that thread.
///
/// It has no destructor, so that a call need not ask whether that has run: `Slots` have one for all.
pub struct ThreadSlot(ManuallyDrop<UnsafeCell<OnceCell<Node<Thread>>>>);

impl ThreadSlot {
    /// Without a cache yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(ManuallyDrop::new(UnsafeCell::new(OnceCell::new())))
    }

    #[inline]
    fn root(&self) -> &OnceCell<Node<Thread>> {
        #[expect(unsafe_code, reason = "it is taken out in the end")]
        // SAFETY: it is mutably borrowed in `take` alone, when nobody has this.
        unsafe {
            &*self.0.get()
        }
    }

    /// Takes the caches out.
    ///
    /// # Safety
    ///
    /// No call that uses one of them is under way, or will ever go on.
    #[expect(unsafe_code, reason = "who uses the caches is not counted")]
    unsafe fn take(&self) -> Option<Node<Thread>> {
        // SAFETY: by the condition above nobody has a reference to what is inside.
        unsafe { (*self.0.get()).take() }
    }
}

impl Default for ThreadSlot {
    fn default() -> Self {
        Self::new()
    }
}

sync::thread_local! {
    static SLOTS: Slots = const { Slots(RefCell::new(Vec::new())) };
}

/// The slots of the thread that have caches, which are dropped when the thread ends.
struct Slots(RefCell<Vec<&'static LocalKey<ThreadSlot>>>);

impl Slots {
    /// Whether it is not too late to have a cache there.
    fn add(slot: &'static LocalKey<ThreadSlot>) -> bool {
        SLOTS.try_with(|slots| slots.0.borrow_mut().push(slot)).is_ok()
    }
}

impl Drop for Slots {
    fn drop(&mut self) {
        // What is dropped may call what is memoized, but can add nothing here any longer.
        for slot in self.0.take() {
            #[expect(unsafe_code, reason = "who uses the caches is not counted")]
            // SAFETY: caches are lent to functions that return, and threads end when all of theirs have
            // returned. Where the process ends in the middle of one, it does not go on.
            let caches = slot.with(|slot| unsafe { slot.take() });
            drop(caches);
        }
    }
}

impl Places for Thread {
    type Place = LocalKey<ThreadSlot>;
    type Owned<K, V> = Cache<K, V, Self>;

    #[expect(unsafe_code, reason = "what is kept has no type")]
    #[expect(clippy::inline_always, reason = "it is a part of the function that calls it")]
    #[inline(always)]
    unsafe fn lend<'c, F: Instance, K, V>(
        place: &'static LocalKey<ThreadSlot>,
    ) -> Option<&'c Cache<K, V, Self>> {
        let cache = place.with(|slot| {
            // SAFETY: by the condition of this.
            let cache = unsafe { Node::<Self>::first::<F, _>(slot.root()) };
            cache.map(NonNull::from)
        });
        // SAFETY: it is there until the thread ends: see `Slots`.
        cache.map(|cache| unsafe { cache.as_ref() })
    }
}

impl ThreadSlot {
    /// The calling thread's cache of the instantiation that `F` stands for.
    ///
    /// When the thread's locals are already destroyed, it is a new one: what is called from
    /// destructors is computed, but remembered no longer than the call lasts.
    pub(crate) fn own<F: Instance, K: 'static, V: 'static>(
        slot: &'static LocalKey<Self>,
        options: Options,
    ) -> Cache<K, V, Thread> {
        let make = || options().build_for_thread();
        slot.with(|it| {
            let root = it.root();
            if root.get().is_none() && !Slots::add(slot) {
                return make();
            }
            Node::<Thread>::find::<F, _>(root, make).clone()
        })
    }
}

impl fmt::Debug for ThreadSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ThreadSlot")
    }
}

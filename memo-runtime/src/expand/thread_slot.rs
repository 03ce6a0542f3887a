//! Where the caches are that each thread has for itself, and when they are dropped.

use crate::base::sync;
use crate::cache::cache::Cache;
use crate::expand::call_site::Places;
use crate::expand::instances::{Instance, Node};
use crate::expand::options::Options;
use crate::scope::scope::Thread;
use std::any::Any;
use std::borrow::Borrow;
use std::cell::{Cell, OnceCell, RefCell, UnsafeCell};
use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::ptr::NonNull;
use std::thread::LocalKey;

/// What a function's static holds in each thread: its caches for that thread.
///
/// It has no destructor, so that a call need not ask whether that has run: `Slots` have one for all.
pub struct ThreadSlot {
    name: &'static str,
    caches: ManuallyDrop<UnsafeCell<OnceCell<Node<Thread>>>>,
    late: ManuallyDrop<LateCaches>,
}

/// The caches of calls that are made when the thread's own caches are gone, as from within destructors of its
/// locals: as long as there are such calls.
struct LateCaches {
    calls: Cell<usize>,
    caches: RefCell<OnceCell<Node<Thread>>>,
}

impl ThreadSlot {
    /// Without a cache yet, for the function of this name.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        let late = LateCaches { calls: Cell::new(0), caches: RefCell::new(OnceCell::new()) };
        Self {
            name,
            caches: ManuallyDrop::new(UnsafeCell::new(OnceCell::new())),
            late: ManuallyDrop::new(late),
        }
    }

    #[inline]
    fn root(&self) -> &OnceCell<Node<Thread>> {
        #[expect(unsafe_code, reason = "it is taken out in the end")]
        // SAFETY: it is mutably borrowed in `take` alone, when nobody has this.
        unsafe {
            &*self.caches.get()
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
        unsafe { (*self.caches.get()).take() }
    }
}

/// A call that is made when the thread's own caches are gone.
struct Late(&'static LocalKey<ThreadSlot>);

impl Late {
    fn begin(slot: &'static LocalKey<ThreadSlot>) -> Self {
        slot.with(|it| it.late.calls.set(it.late.calls.get() + 1));
        Self(slot)
    }
}

impl Drop for Late {
    /// The last one drops the caches. Calls within it were answered by them: so a recursion ends as soon as
    /// any other.
    fn drop(&mut self) {
        let caches = self.0.with(|it| {
            let calls = it.late.calls.get().saturating_sub(1);
            it.late.calls.set(calls);
            if calls == 0 { it.late.caches.take().into_inner() } else { None }
        });
        drop(caches);
    }
}

/// A cache of the thread, as a call uses it.
pub struct ThreadOwned<K, V> {
    cache: Cache<K, V, Thread>,
    late: Option<Late>,
}

impl<K, V> ThreadOwned<K, V> {
    pub(crate) fn into_cache(self) -> Cache<K, V, Thread> {
        self.cache
    }
}

impl<K, V> Deref for ThreadOwned<K, V> {
    type Target = Cache<K, V, Thread>;

    fn deref(&self) -> &Cache<K, V, Thread> {
        &self.cache
    }
}

impl<K, V> Borrow<Cache<K, V, Thread>> for ThreadOwned<K, V> {
    fn borrow(&self) -> &Cache<K, V, Thread> {
        &self.cache
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
        let add = |slots: &Self| {
            let mut slots = slots.0.borrow_mut();
            if !slots.iter().any(|it| std::ptr::eq(*it, slot)) {
                slots.push(slot);
            }
        };
        SLOTS.try_with(add).is_ok()
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
    type Owned<K, V> = ThreadOwned<K, V>;

    #[expect(unsafe_code, reason = "what is kept has no type")]
    #[cfg_attr(not(debug_assertions), inline(always))]
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

    fn finally<K, V>(owned: ThreadOwned<K, V>) -> Option<Box<dyn Any>> {
        owned.late.map(|late| Box::new(late) as Box<dyn Any>)
    }
}

impl ThreadSlot {
    /// The calling thread's cache of the instantiation that `F` stands for.
    ///
    /// When the thread's locals are already destroyed, it is a new one: what is called from
    /// destructors is computed, but remembered no longer than the outermost such call lasts.
    pub(crate) fn own<F: Instance, K: 'static, V: 'static>(
        slot: &'static LocalKey<Self>,
        options: Options,
    ) -> ThreadOwned<K, V> {
        let is_late = slot.with(|it| it.root().get().is_none() && !Slots::add(slot));
        if is_late {
            return Self::own_late::<F, K, V>(slot, options);
        }
        let build = Cache::make_for_thread;
        let cache = slot
            .with(|it| Node::<Thread>::find::<F, _>(it.root(), it.name, options, build).clone());
        ThreadOwned { cache, late: None }
    }

    #[cold]
    fn own_late<F: Instance, K: 'static, V: 'static>(
        slot: &'static LocalKey<Self>,
        options: Options,
    ) -> ThreadOwned<K, V> {
        let late = Some(Late::begin(slot));
        let build = Cache::make_for_thread;
        // Borrowed while options are evaluated: nothing is taken out, for a call has begun.
        let cache = slot.with(|it| {
            let caches = it.late.caches.borrow();
            Node::<Thread>::find::<F, _>(&caches, it.name, options, build).clone()
        });
        ThreadOwned { cache, late }
    }
}

impl<K, V> fmt::Debug for ThreadOwned<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ThreadOwned")
    }
}

impl fmt::Debug for ThreadSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ThreadSlot")
    }
}

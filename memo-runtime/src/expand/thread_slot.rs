//! The slot that a function has in each thread, and when its caches are dropped.
//!
//! A thread drops its caches when it ends. Destructors of its other locals may call memoized functions after
//! that. Such a *late* call computes with caches of its own, which live until the outermost late call returns.

use crate::base::sync;
use crate::cache::isolation;
use crate::cache::registry::Listed;
use crate::engine::engine::{Engine, EnginePtr};
use crate::engine::settings::Settings;
use crate::entry::entry_type::EntryType;
use crate::expand::instances::{Instance, Node};
use crate::expand::options::{Options, evaluate};
use crate::expand::slot::SlotScope;
use crate::scope::scope::{Scope, Thread};
use std::any::{Any, TypeId};
use std::borrow::Borrow;
use std::cell::{Cell, OnceCell, RefCell, UnsafeCell};
use std::fmt;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::thread::LocalKey;

/// The thread-local static of a function: its caches for one thread.
///
/// It has no destructor, so that a call need not ask whether the destructor has run. `UsedSlots` drops the
/// caches of all functions.
pub struct ThreadSlot {
    name: &'static str,
    caches: ManuallyDrop<UnsafeCell<OnceCell<Node<Thread>>>>,
    late: ManuallyDrop<LateCaches>,
}

/// The caches of late calls. They are there as long as such a call runs.
struct LateCaches {
    calls: Cell<usize>,
    caches: RefCell<OnceCell<Node<Thread>>>,
}

impl ThreadSlot {
    /// An empty slot for the function of this name.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        let late = LateCaches { calls: Cell::new(0), caches: RefCell::new(OnceCell::new()) };
        Self {
            name,
            caches: ManuallyDrop::new(UnsafeCell::new(OnceCell::new())),
            late: ManuallyDrop::new(late),
        }
    }

    /// The calling thread's engine of an instance, made now if there is none.
    fn engine(
        slot: &'static LocalKey<Self>,
        options: Options,
        instance: TypeId,
        types: &'static EntryType,
    ) -> ThreadEngine {
        if isolation::may_be() {
            if let Some(engine) = Self::isolated(slot, options, instance, types) {
                return ThreadEngine { engine, late: None };
            }
        }
        let is_late = slot.with(|it| it.root().get().is_none() && !UsedSlots::add(slot));
        if is_late {
            return Self::late_engine(slot, options, instance, types);
        }
        let make = |settings| make(settings, types);
        let engine = slot
            .with(|it| Node::<Thread>::find(it.root(), instance, it.name, options, &make).clone());
        ThreadEngine { engine, late: None }
    }

    /// The engine of an instance in the isolation that the thread is in.
    #[cold]
    fn isolated(
        slot: &'static LocalKey<Self>,
        options: Options,
        instance: TypeId,
        types: &'static EntryType,
    ) -> Option<EnginePtr<Thread>> {
        let isolation = isolation::current()?;
        let (name, address) = slot.with(|it| (it.name, std::ptr::from_ref(it).addr()));
        let parameters = || evaluate(options, name, address, instance);
        Some(isolation.of_thread((address, instance), types, parameters))
    }

    #[cold]
    fn late_engine(
        slot: &'static LocalKey<Self>,
        options: Options,
        instance: TypeId,
        types: &'static EntryType,
    ) -> ThreadEngine {
        let late = Some(LateCall::begin(slot));
        let make = |settings| make(settings, types);
        // The options are user code and run while this is borrowed. `LateCall::drop` alone borrows it mutably,
        // after the last late call, and this one has begun.
        let engine = slot.with(|it| {
            let caches = it.late.caches.borrow();
            Node::<Thread>::find(&caches, instance, it.name, options, &make).clone()
        });
        ThreadEngine { engine, late }
    }

    #[inline]
    fn root(&self) -> &OnceCell<Node<Thread>> {
        #[expect(unsafe_code, reason = "the end of the thread takes the caches out")]
        // SAFETY: `take` alone borrows it mutably, and by its condition nobody uses this reference then.
        unsafe {
            &*self.caches.get()
        }
    }

    /// Takes the caches out.
    ///
    /// # Safety
    ///
    /// No call that uses one of the caches is under way, or will ever go on.
    #[expect(unsafe_code, reason = "users of a cache are not counted")]
    unsafe fn take(&self) -> Option<Node<Thread>> {
        // SAFETY: by the condition above, nobody has a reference to the content.
        unsafe { (*self.caches.get()).take() }
    }
}

/// Makes an engine of the calling thread.
fn make(mut settings: Settings, types: &'static EntryType) -> EnginePtr<Thread> {
    settings.parameters.scope = Thread::NAME;
    let engine = Engine::<Thread>::make(settings, types);
    engine.list();
    engine
}

/// A call under way after the thread's own caches were dropped.
struct LateCall(&'static LocalKey<ThreadSlot>);

impl LateCall {
    fn begin(slot: &'static LocalKey<ThreadSlot>) -> Self {
        slot.with(|it| it.late.calls.set(it.late.calls.get() + 1));
        Self(slot)
    }
}

impl Drop for LateCall {
    /// The last one drops the caches. Calls inside it hit them, so a recursion computes each value once.
    fn drop(&mut self) {
        let caches = self.0.with(|it| {
            let calls = it.late.calls.get().saturating_sub(1);
            it.late.calls.set(calls);
            if calls == 0 { it.late.caches.take().into_inner() } else { None }
        });
        drop(caches);
    }
}

/// An engine of the thread, as a call keeps it.
pub struct ThreadEngine {
    engine: EnginePtr<Thread>,
    late: Option<LateCall>,
}

impl Borrow<EnginePtr<Thread>> for ThreadEngine {
    fn borrow(&self) -> &EnginePtr<Thread> {
        &self.engine
    }
}

sync::thread_local! {
    static USED_SLOTS: UsedSlots = const { UsedSlots(RefCell::new(Vec::new())) };
}

/// The slots of the thread that have caches. The end of the thread drops it, and with it the caches.
struct UsedSlots(RefCell<Vec<&'static LocalKey<ThreadSlot>>>);

impl UsedSlots {
    /// Adds a slot. Returns whether there was still time: false once the end of the thread has begun.
    fn add(slot: &'static LocalKey<ThreadSlot>) -> bool {
        let add = |slots: &Self| {
            let mut slots = slots.0.borrow_mut();
            if !slots.iter().any(|it| std::ptr::eq(*it, slot)) {
                slots.push(slot);
            }
        };
        USED_SLOTS.try_with(add).is_ok()
    }
}

impl Drop for UsedSlots {
    fn drop(&mut self) {
        // Dropped values may call memoized functions. Those calls are late and add no slot.
        for slot in self.0.take() {
            #[expect(unsafe_code, reason = "users of a cache are not counted")]
            // SAFETY: a cache is lent to a function that returns. A thread ends after all its functions have
            // returned; if the process ends in the middle of one, that one does not go on.
            let caches = slot.with(|slot| unsafe { slot.take() });
            drop(caches);
        }
    }
}

impl SlotScope for Thread {
    type Slot = LocalKey<ThreadSlot>;
    type Held = ThreadEngine;

    #[expect(unsafe_code, reason = "the caches of a thread are not counted")]
    #[cfg_attr(not(debug_assertions), inline(always))]
    unsafe fn lend<'c, F: Instance, K, V>(
        slot: &'static LocalKey<ThreadSlot>,
    ) -> Option<&'c EnginePtr<Self>> {
        let engine =
            slot.with(|slot| Node::<Self>::first::<F, K, V>(slot.root()).map(NonNull::from));
        // SAFETY: it is there until the thread ends: see `UsedSlots`.
        engine.map(|engine| unsafe { engine.as_ref() })
    }

    #[expect(unsafe_code, reason = "an engine has no types")]
    unsafe fn find(
        slot: &'static LocalKey<ThreadSlot>,
        options: Options,
        instance: TypeId,
        types: &'static EntryType,
    ) -> ThreadEngine {
        ThreadSlot::engine(slot, options, instance, types)
    }

    fn finally(held: ThreadEngine) -> Option<Box<dyn Any>> {
        held.late.map(|late| Box::new(late) as Box<dyn Any>)
    }
}

impl fmt::Debug for ThreadEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ThreadEngine")
    }
}

impl fmt::Debug for ThreadSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ThreadSlot")
    }
}

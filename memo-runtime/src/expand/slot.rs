//! The static of a memoized function, and the caches it holds.
//!
//! A static must name its type, and a macro cannot always name the types of keys and values: only the compiler
//! knows the type of a `key = ..` expression, and a generic function has one static for all its instantiations.
//! So the static is a *slot*. A slot knows no types, and holds one cache for each instantiation.
//!
//! This file has the slot for all threads; [`thread_slot`](crate::expand::thread_slot) has the slot of one thread.

use crate::cache::isolation;
use crate::cache::registry::Listed;
use crate::engine::engine::{Engine, EnginePtr};
use crate::engine::settings::Settings;
use crate::entry::entry_type::EntryType;
use crate::expand::instances::{Instance, Node};
use crate::expand::options::{Options, evaluate};
use crate::scope::scope::{Scope, Shared};
use std::any::{Any, TypeId};
use std::borrow::Borrow;
use std::fmt;
use std::sync::OnceLock;

/// A scope with the slots that functions have in it.
///
/// The methods ask nothing of keys and values. A [site](crate::expand::static_site::Site)
/// checks the bounds once, so that the compiler has little to check for each memoized function.
pub trait SlotScope: Scope {
    /// The type of the function's static.
    type Slot: 'static;
    /// An engine of a slot, as a call keeps it.
    type Held: Borrow<EnginePtr<Self>>;

    /// Lends the engine of the instantiation `F`, if it was the first one made in this slot.
    ///
    /// # Safety
    ///
    /// The caller returns the engine before the thread ends.
    #[doc(hidden)]
    #[expect(unsafe_code, reason = "the caches of a thread are not counted")]
    unsafe fn lend<'c, F: Instance, K, V>(slot: &'static Self::Slot)
    -> Option<&'c EnginePtr<Self>>;

    /// The engine of an instance. It is made now, for entries of this type, if there is none.
    ///
    /// # Safety
    ///
    /// The scope can hold such entries for ever: they have no lifetimes, and in a shared scope they are `Send` and `Sync`.
    #[doc(hidden)]
    #[expect(unsafe_code, reason = "an engine has no types")]
    unsafe fn find(
        slot: &'static Self::Slot,
        options: Options,
        instance: TypeId,
        types: &'static EntryType,
    ) -> Self::Held;

    /// The value that a run drops at its end, if the thread's own caches are gone.
    #[doc(hidden)]
    fn finally(_held: Self::Held) -> Option<Box<dyn Any>> {
        None
    }
}

/// The static of a function whose caches all threads share.
pub struct SharedSlot {
    name: &'static str,
    /// Keys and values are known to be `Copy`.
    are_copy: bool,
    caches: OnceLock<Node<Shared>>,
}

impl SharedSlot {
    /// An empty slot for the function of this name.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self::of(name, false)
    }

    /// [`new`](Self::new), where keys and values may be known to be `Copy`.
    pub(super) const fn of(name: &'static str, are_copy: bool) -> Self {
        Self { name, are_copy, caches: OnceLock::new() }
    }

    /// The engine of an instance in the isolation that the thread is in.
    #[cold]
    fn isolated(
        &'static self,
        options: Options,
        instance: TypeId,
        types: &'static EntryType,
    ) -> Option<&'static EnginePtr<Shared>> {
        let address = std::ptr::from_ref(self).addr();
        let settings = || Settings {
            are_copy: self.are_copy,
            ..evaluate(options, self.name, address, instance)
        };
        Some(isolation::current()?.shared((address, instance), types, settings))
    }
}

impl SlotScope for Shared {
    type Slot = SharedSlot;
    type Held = StaticEngine;

    #[expect(unsafe_code, reason = "the caches of a thread are not counted")]
    #[cfg_attr(not(debug_assertions), inline(always))]
    unsafe fn lend<'c, F: Instance, K, V>(
        slot: &'static SharedSlot,
    ) -> Option<&'c EnginePtr<Self>> {
        Node::<Self>::first::<F, K, V>(&slot.caches)
    }

    #[expect(unsafe_code, reason = "an engine has no types")]
    unsafe fn find(
        slot: &'static SharedSlot,
        options: Options,
        instance: TypeId,
        types: &'static EntryType,
    ) -> StaticEngine {
        if isolation::may_be() {
            if let Some(isolated) = slot.isolated(options, instance, types) {
                return StaticEngine(isolated);
            }
        }
        let make = |settings| {
            let settings = Settings { are_copy: slot.are_copy, ..settings };
            let engine = Engine::<Self>::make(settings, types);
            engine.list();
            engine
        };
        StaticEngine(Node::<Self>::find(&slot.caches, instance, slot.name, options, &make))
    }
}

/// An engine that lives as long as the process.
#[derive(Debug, Clone, Copy)]
pub struct StaticEngine(pub(crate) &'static EnginePtr<Shared>);

impl Borrow<EnginePtr<Shared>> for StaticEngine {
    fn borrow(&self) -> &EnginePtr<Shared> {
        self.0
    }
}

impl fmt::Debug for SharedSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedSlot")
    }
}

//! The static of a memoized function, and the caches it holds.
//!
//! A static must name its type, and a macro cannot always name the types of keys and values: only the compiler
//! knows the type of a `key = ..` expression, and a generic function has one static for all its instantiations.
//! So the static is a *slot*. A slot knows no types, and holds one cache for each instantiation.
//!
//! This file has the slot for all threads; [`thread_slot`](crate::expand::thread_slot) has the slot of one thread.

use crate::cache::cache::Cache;
use crate::expand::instances::{Instance, Node};
use crate::expand::options::Options;
use crate::scope::scope::{Scope, Shared};
use std::any::Any;
use std::borrow::Borrow;
use std::fmt;
use std::ptr::NonNull;
use std::sync::OnceLock;

/// A scope with the slots that functions have in it.
///
/// The methods ask nothing of keys and values. A [site](crate::expand::static_site::Site)
/// checks the bounds once, so that the compiler has little to check for each memoized function.
pub trait SlotScope: Scope {
    /// The type of the function's static.
    type Slot: 'static;
    /// A cache of a slot, as a call keeps it.
    type Held<K, V>: Borrow<Cache<K, V, Self>>;

    /// Lends the cache of the instantiation `F`, if it was the first one made in this slot.
    ///
    /// # Safety
    ///
    /// `K` and `V` have no lifetimes, and the scope can hold them. If `F` is the only instantiation, they are the
    /// types of the slot's cache. The caller returns the cache before the thread ends.
    #[doc(hidden)]
    #[expect(unsafe_code, reason = "a slot has no types")]
    unsafe fn lend<'c, F: Instance, K, V>(
        slot: &'static Self::Slot,
    ) -> Option<&'c Cache<K, V, Self>>;

    /// The value that a run drops at its end, if the thread's own caches are gone.
    #[doc(hidden)]
    fn finally<K, V>(_held: Self::Held<K, V>) -> Option<Box<dyn Any>> {
        None
    }
}

/// The static of a function whose caches all threads share.
pub struct SharedSlot {
    name: &'static str,
    caches: OnceLock<Node<Shared>>,
}

impl SharedSlot {
    /// An empty slot for the function of this name.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, caches: OnceLock::new() }
    }

    /// The cache of the instantiation `F`, made now if there is none.
    pub(crate) fn cache<F: Instance, K, V>(
        slot: &'static Self,
        options: Options,
    ) -> StaticCache<K, V>
    where
        K: Send + Sync + 'static,
        V: Send + Sync + 'static,
    {
        let cache = Node::<Shared>::find::<F, _>(&slot.caches, slot.name, options, Cache::make);
        StaticCache(NonNull::from(cache))
    }
}

impl SlotScope for Shared {
    type Slot = SharedSlot;
    type Held<K, V> = StaticCache<K, V>;

    #[expect(unsafe_code, reason = "a slot has no types")]
    #[cfg_attr(not(debug_assertions), inline(always))]
    unsafe fn lend<'c, F: Instance, K, V>(slot: &'static SharedSlot) -> Option<&'c Cache<K, V>> {
        // SAFETY: the caller keeps the condition of this method, which is that of `first`.
        unsafe { Node::<Self>::first::<F, _>(&slot.caches) }
    }
}

/// A cache that lives as long as the process.
///
/// A `&'static Cache<K, V>` would say that `K` and `V` are `'static`, and each call would have to prove it.
pub struct StaticCache<K, V>(NonNull<Cache<K, V>>);

impl<K, V> StaticCache<K, V> {
    pub(crate) fn get(self) -> &'static Cache<K, V> {
        #[expect(unsafe_code, reason = "a `'static` reference needs bounds")]
        // SAFETY: it was made of a reference to a cache that lives forever.
        unsafe {
            self.0.as_ref()
        }
    }
}

impl<K, V> Borrow<Cache<K, V>> for StaticCache<K, V> {
    fn borrow(&self) -> &Cache<K, V> {
        #[expect(unsafe_code, reason = "a `'static` reference needs bounds")]
        // SAFETY: it was made of a reference to a cache that lives forever.
        unsafe {
            self.0.as_ref()
        }
    }
}

impl fmt::Debug for SharedSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedSlot")
    }
}

impl<K, V> fmt::Debug for StaticCache<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StaticCache")
    }
}

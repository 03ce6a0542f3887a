//! What a cache keeps of one call.

use crate::index::Filed;
use crate::scope::{Cell, Scope};
use crate::sync::{AtomicU64, Ordering::Relaxed};
use std::ops::Deref;

/// A key, and its value once computed.
pub(crate) struct Entry<K, V, S: Scope> {
    pub(crate) hash: u64,
    /// When it was used last; 0 until it is stored.
    pub(crate) stamp: AtomicU64,
    pub(crate) key: K,
    pub(crate) value: S::Cell<V>,
}

pub(crate) type EntryPtr<K, V, S> = <S as Scope>::Ptr<Entry<K, V, S>>;

impl<K, V, S: Scope> Entry<K, V, S> {
    pub(crate) fn pending(hash: u64, key: K) -> EntryPtr<K, V, S> {
        S::ptr(Self { hash, stamp: AtomicU64::new(0), key, value: S::Cell::empty() })
    }

    pub(crate) fn ready(hash: u64, key: K, value: V) -> EntryPtr<K, V, S> {
        S::ptr(Self { hash, stamp: AtomicU64::new(0), key, value: S::Cell::filled(value) })
    }

    /// The value of an entry that is stored, or whose flight has landed with one.
    pub(crate) fn value(&self) -> &V {
        self.value.get().expect("an entry is filed after its value was set")
    }
}

impl<K, V, S: Scope, P: Deref<Target = Entry<K, V, S>>> Filed for P {
    fn stamp(&self) -> u64 {
        self.stamp.load(Relaxed)
    }

    fn address(&self) -> *mut () {
        (&raw const **self).cast_mut().cast()
    }
}

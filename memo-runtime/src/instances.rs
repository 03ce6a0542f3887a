//! The caches of one function, by instantiation.

use crate::scope::{Cell, Scope};
use std::any::TypeId;
use std::hash::{Hash, Hasher};

/// A tree of caches that only grows, so that a look-up takes no lock. A function that is not generic
/// has one node.
pub(crate) struct Node<S: Scope, C> {
    instance: TypeId,
    cache: C,
    branches: [S::Cell<Box<Self>>; 4],
}

impl<S: Scope, C> Node<S, C> {
    #[inline]
    pub(crate) fn find<'s>(
        root: &'s S::Cell<Box<Self>>,
        instance: TypeId,
        make: &dyn Fn() -> C,
    ) -> &'s C {
        match root.get() {
            Some(node) if node.instance == instance => &node.cache,
            _ => Self::search(root, instance, make),
        }
    }

    /// Each level of the tree tells instances apart by two more bits.
    fn search<'s>(root: &'s S::Cell<Box<Self>>, instance: TypeId, make: &dyn Fn() -> C) -> &'s C {
        let mut cell = root;
        let mut bits = BitsOf(0);
        instance.hash(&mut bits);
        loop {
            let node = cell.get_or_init(|| {
                let branches = std::array::from_fn(|_| S::Cell::empty());
                Box::new(Self { instance, cache: make(), branches })
            });
            if node.instance == instance {
                return &node.cache;
            }
            cell = &node.branches[usize::from(bits.0.to_le_bytes()[0] & 3)];
            bits.0 = bits.0.rotate_right(2);
        }
    }
}

/// The bits of a `TypeId`, which is a hash already.
struct BitsOf(u64);

impl Hasher for BitsOf {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
    fn write_u64(&mut self, bits: u64) {
        self.0 ^= bits;
    }
    fn finish(&self) -> u64 {
        self.0
    }
}

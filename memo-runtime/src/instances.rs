//! The caches of one function, by instantiation.

use crate::scope::{Cell, Scope};
use std::any::{Any, TypeId};
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::ops::Deref;

/// A tree of caches that only grows, so that a look-up takes no lock. A function that is not generic
/// has one node. The boxes of type `B` hold caches of many types.
pub(crate) struct Node<S: Scope, B> {
    /// Of the instantiation, and of what is in the box.
    instance: TypeId,
    cache: B,
    branches: [S::Cell<Box<Self>>; 4],
}

/// A box of anything, a `C` for example.
pub(crate) trait Boxes<C>: Deref {
    fn boxed(cache: C) -> Self;
}

impl<C: Any + Send + Sync> Boxes<C> for Box<dyn Any + Send + Sync> {
    fn boxed(cache: C) -> Self {
        Box::new(cache)
    }
}

impl<C: Any> Boxes<C> for Box<dyn Any> {
    fn boxed(cache: C) -> Self {
        Box::new(cache)
    }
}

impl<S: Scope, B: Deref + 'static> Node<S, B> {
    /// The cache of type `C` of the instantiation that the type `F` stands for. If there is none, it is
    /// made, and put into a box.
    #[inline]
    pub(crate) fn find<'s, F, C: 'static>(
        root: &'s S::Cell<Box<Self>>,
        make: &dyn Fn() -> C,
    ) -> &'s C
    where
        B: Boxes<C>,
    {
        let instance = typeid::of::<(F, PhantomData<C>)>();
        let cache = match root.get() {
            Some(node) if node.instance == instance => &*node.cache,
            _ => Self::search(root, instance, &|| B::boxed(make())),
        };
        #[expect(unsafe_code, reason = "`Any` would ask for the type again")]
        // SAFETY: nodes are made here alone, and the instance of each tells one type `C` from all
        // others, lifetimes aside, of which a type that is `'static` has none. This is what is in the box.
        unsafe {
            &*(&raw const *cache).cast::<C>()
        }
    }

    /// Each level of the tree tells instances apart by two more bits.
    #[cold]
    #[inline(never)]
    fn search<'s>(
        root: &'s S::Cell<Box<Self>>,
        instance: TypeId,
        make: &dyn Fn() -> B,
    ) -> &'s B::Target {
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

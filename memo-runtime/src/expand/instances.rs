//! The caches of one slot, one for each instantiation of the function.
//!
//! They are in a tree that only grows, so that a look-up takes no lock. The tree keeps engines: the caller gives them
//! their types.

use crate::engine::engine::EnginePtr;
use crate::engine::settings::Settings;
use crate::expand::options::{Options, evaluate};
use crate::scope::scope::{Cell, Scope};
use std::any::TypeId;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::ptr;

/// A type that stands for an instantiation of a function: [`InstanceOf`] or [`OnlyInstance`]. The trait is sealed,
/// because unsafe code relies on `IS_ONLY`.
pub trait Instance: sealed::Sealed {
    /// Whether the function has no other instantiation.
    #[doc(hidden)]
    const IS_ONLY: bool;
}

mod sealed {
    #[allow(unreachable_pub, reason = "it seals a public trait")]
    pub trait Sealed {}
    impl<F> Sealed for super::InstanceOf<F> {}
    impl Sealed for super::OnlyInstance {}
}

/// The instantiation that the type `F` stands for. Each instantiation has another `F`.
pub struct InstanceOf<F>(PhantomData<fn() -> F>);

impl<F> InstanceOf<F> {
    /// The instantiation that `F` stands for.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "for expansions only")]
    pub const fn new() -> Self {
        Self(PhantomData)
    }

    /// The instantiation that the type of this closure stands for.
    pub const fn closure(_closure: &F) -> Self {
        Self(PhantomData)
    }
}

impl<F> Instance for InstanceOf<F> {
    const IS_ONLY: bool = false;
}

/// The only instantiation of a function. A look-up of its cache compares nothing: see
/// [`OnlySlot`](crate::expand::static_site::OnlySlot).
pub enum OnlyInstance {}

impl Instance for OnlyInstance {
    const IS_ONLY: bool = true;
}

impl<F> fmt::Debug for InstanceOf<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InstanceOf")
    }
}

impl fmt::Debug for OnlyInstance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnlyInstance")
    }
}

/// A node of the tree. A function that is not generic has one node.
pub(crate) struct Node<S: Scope> {
    /// Names the instantiation and the types of the engine.
    instance: TypeId,
    engine: EnginePtr<S>,
    branches: [S::Cell<Box<Self>>; 4],
}

/// Names the instantiation `F` with keys `K` and values `V`.
#[inline]
pub(crate) fn instance<F, K, V>() -> TypeId {
    typeid::of::<(F, PhantomData<(K, V)>)>()
}

impl<S: Scope> Node<S> {
    /// The engine of this instance. If there is none, `make` makes it from the options.
    #[inline]
    pub(crate) fn find<'s>(
        root: &'s S::Cell<Self>,
        instance: TypeId,
        function: &'static str,
        options: Options,
        make: &dyn Fn(Settings) -> EnginePtr<S>,
    ) -> &'s EnginePtr<S> {
        if let Some(root) = root.get().filter(|root| root.instance == instance) {
            return &root.engine;
        }
        let slot = ptr::from_ref(root).addr();
        let evaluate = || evaluate(options, function, slot, instance);
        &Self::search(root, instance, &evaluate, make).engine
    }

    /// The engine that was made first, if it is that of the instantiation `F`.
    #[inline]
    pub(crate) fn first<F: Instance, K, V>(root: &S::Cell<Self>) -> Option<&EnginePtr<S>> {
        let root = root.get()?;
        (F::IS_ONLY || root.instance == instance::<F, K, V>()).then_some(&root.engine)
    }

    /// The node of an instance. Each level of the tree tells instances apart by two more bits.
    ///
    /// The options are user code. They are evaluated while no cell is held, and before the place of the new node
    /// is known. If several threads evaluate them at the same time, the first to finish makes the cache.
    #[cold]
    fn search<'s>(
        root: &'s S::Cell<Self>,
        instance: TypeId,
        evaluate: &dyn Fn() -> Settings,
        make: &dyn Fn(Settings) -> EnginePtr<S>,
    ) -> &'s Self {
        let mut evaluated = None;
        loop {
            let free = match Self::known(root, instance) {
                Ok(node) => return node,
                Err(free) => free,
            };
            let Some(settings) = &evaluated else {
                evaluated = Some(evaluate());
                continue;
            };
            let node = || {
                let branches = std::array::from_fn(|_| S::Cell::empty());
                Self { instance, engine: make(Settings::clone(settings)), branches }
            };
            match free {
                Free::Root => _ = root.get_or_init(node),
                Free::Branch(branch) => _ = branch.get_or_init(|| Box::new(node())),
            }
        }
    }

    /// The node of an instance, or the empty place for it.
    fn known(root: &S::Cell<Self>, instance: TypeId) -> Result<&Self, Free<'_, S>> {
        let mut bits = BitsOf(0);
        instance.hash(&mut bits);
        let mut node = root.get().ok_or(Free::Root)?;
        while node.instance != instance {
            let branch = &node.branches[usize::from(bits.0.to_le_bytes()[0] & 3)];
            node = branch.get().ok_or(Free::Branch(branch))?;
            bits.0 = bits.0.rotate_right(2);
        }
        Ok(node)
    }
}

/// An empty place for a node.
enum Free<'s, S: Scope> {
    Root,
    Branch(&'s S::Cell<Box<Node<S>>>),
}

/// A hasher that takes the bits of a `TypeId` as they are: a `TypeId` is a hash already.
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

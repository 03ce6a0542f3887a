//! The caches of one function, by instantiation.

use crate::config::parameters::CacheParameters;
use crate::expand::options::{Options, evaluate};
use crate::scope::scope::{Cell, Scope, Shared, Thread};
use std::any::TypeId;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr;

/// What stands for an instantiation of a function: [`Of`] or [`Only`]. What it says of itself is relied upon, so
/// nobody else can say so.
pub trait Instance: sealed::Sealed {
    /// The function has no other one.
    #[doc(hidden)]
    const IS_ONLY: bool;
}

mod sealed {
    #[allow(unreachable_pub, reason = "it seals a public trait")]
    pub trait Sealed {}
    impl<F> Sealed for super::Of<F> {}
    impl Sealed for super::Only {}
}

/// The instantiation of which `F` is a type: another one for each.
pub struct Of<F>(PhantomData<fn() -> F>);

impl<F> Of<F> {
    /// The instantiation that a type stands for.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "for expansions only")]
    pub const fn new() -> Self {
        Self(PhantomData)
    }

    /// The one that the type of a closure stands for.
    pub const fn closure(_closure: &F) -> Self {
        Self(PhantomData)
    }
}

impl<F> Instance for Of<F> {
    const IS_ONLY: bool = false;
}

/// The only instantiation that a function has. Its caches need not be told apart: see
/// [`Single`](crate::expand::static_site::Single).
pub enum Only {}

impl Instance for Only {
    const IS_ONLY: bool = true;
}

impl<F> fmt::Debug for Of<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Of")
    }
}

impl fmt::Debug for Only {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Only")
    }
}

/// A tree of caches that only grows, so that a look-up takes no lock. A function that is not generic
/// has one node.
pub(crate) struct Node<S: Scope> {
    /// Of the instantiation, and of the handle's type.
    instance: TypeId,
    handle: Handle,
    branches: [S::Cell<Box<Self>>; 4],
}

impl<S: Scope> Node<S> {
    /// The cache, or rather its handle of type `C`, of the instantiation that the type `F` stands for.
    /// If there is none, `build` makes it of the options of the function.
    #[inline]
    pub(crate) fn find<'s, F: Instance, C: 'static>(
        root: &'s S::Cell<Self>,
        function: &'static str,
        options: Options,
        build: impl FnOnce(CacheParameters) -> C,
    ) -> &'s C
    where
        S: Keeps<C>,
    {
        #[expect(unsafe_code, reason = "see `Handle`")]
        // SAFETY: its type has no lifetimes; and a node of an instance was made of its type.
        unsafe {
            Self::first::<F, C>(root).unwrap_or_else(|| {
                Self::search_for::<F, C>(root, function, options, build).handle.get()
            })
        }
    }

    /// The same, if it was the first that was made.
    ///
    /// # Safety
    ///
    /// `C` has no lifetimes: as a bound that would be demanded of the types of each call. If `F` is the
    /// only instance of the tree, this is its type.
    #[expect(unsafe_code, reason = "see `Handle`")]
    #[inline]
    pub(crate) unsafe fn first<F: Instance, C>(root: &S::Cell<Self>) -> Option<&C> {
        let root = root.get().filter(|root| F::IS_ONLY || root.instance == instance::<F, C>())?;
        // SAFETY: a node of this instance was made by `search_for` of the same `C`, lifetimes aside,
        // of which it has none; and where there is only one instance, it is this one.
        Some(unsafe { root.handle.get() })
    }

    /// Apart, so that a call which finds its cache does not prepare for making it.
    #[cold]
    #[inline(never)]
    fn search_for<'s, F, C: 'static>(
        root: &'s S::Cell<Self>,
        function: &'static str,
        options: Options,
        build: impl FnOnce(CacheParameters) -> C,
    ) -> &'s Self
    where
        S: Keeps<C>,
    {
        let mut build = Some(build);
        let evaluate =
            || evaluate(options, function, ptr::from_ref(root).addr(), instance::<F, C>());
        Self::search(root, instance::<F, C>(), &evaluate, &mut |parameters| {
            let build = build.take().expect("what was made is found");
            Handle::new(build(parameters))
        })
    }

    /// Each level of the tree tells instances apart by two more bits.
    ///
    /// Options are code of users: they are evaluated while no cell is held, and before it is known where the
    /// cache goes. If several threads do so at the same time, the first to be done makes the cache.
    fn search<'s>(
        root: &'s S::Cell<Self>,
        instance: TypeId,
        evaluate: &dyn Fn() -> CacheParameters,
        build: &mut dyn FnMut(CacheParameters) -> Handle,
    ) -> &'s Self {
        let mut evaluated = None;
        loop {
            let free = match Self::known(root, instance) {
                Ok(node) => return node,
                Err(free) => free,
            };
            let Some(parameters) = &evaluated else {
                evaluated = Some(evaluate());
                continue;
            };
            let mut node = || {
                let branches = std::array::from_fn(|_| S::Cell::empty());
                Self { instance, handle: build(CacheParameters::clone(parameters)), branches }
            };
            match free {
                Free::Root => _ = root.get_or_init(node),
                Free::Branch(branch) => _ = branch.get_or_init(|| Box::new(node())),
            }
        }
    }

    /// The node of an instance, or where it would be.
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

/// Where a node could be added.
enum Free<'s, S: Scope> {
    Root,
    Branch(&'s S::Cell<Box<Node<S>>>),
}

#[inline]
fn instance<F, C>() -> TypeId {
    typeid::of::<(F, PhantomData<C>)>()
}

/// What may be kept in a tree of this scope.
pub(crate) trait Keeps<C>: Scope {}

impl<C: Send + Sync> Keeps<C> for Shared {}
impl<C> Keeps<C> for Thread {}

/// A handle of a type that its owner knows: a pointer, in fact. In a box of `Any` it would be two more
/// loads away, each of which a hit has to wait for.
struct Handle {
    place: MaybeUninit<*const ()>,
    drop: fn(&mut Self),
}

#[expect(unsafe_code, reason = "the compiler does not know the type")]
impl Handle {
    fn new<C>(handle: C) -> Self {
        const { assert!(size_of::<C>() == size_of::<*const ()>()) };
        const { assert!(align_of::<C>() == align_of::<*const ()>()) };
        // SAFETY: this is called when the handle is dropped, which was made of a `C`, and not again.
        let drop = |this: &mut Self| unsafe { this.place.as_mut_ptr().cast::<C>().drop_in_place() };
        let mut this = Self { place: MaybeUninit::uninit(), drop };
        // SAFETY: there is room for a `C`, as was asserted above.
        unsafe { this.place.as_mut_ptr().cast::<C>().write(handle) };
        this
    }

    /// # Safety
    ///
    /// It was made of a `C`.
    #[inline]
    unsafe fn get<C>(&self) -> &C {
        // SAFETY: by the condition above.
        unsafe { &*self.place.as_ptr().cast() }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        (self.drop)(self);
    }
}

#[expect(unsafe_code, reason = "the compiler does not know the type")]
// SAFETY: what is put into a node of this scope is `Send` and `Sync`: see `Keeps`.
unsafe impl Send for Node<Shared> {}

#[expect(unsafe_code, reason = "the compiler does not know the type")]
// SAFETY: as above.
unsafe impl Sync for Node<Shared> {}

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

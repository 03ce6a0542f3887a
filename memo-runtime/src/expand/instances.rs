//! The caches of one slot, one for each instantiation of the function.
//!
//! They are in a tree that only grows, so that a look-up takes no lock. It must not know what a cache is: it
//! keeps *handles*, and the caller names their type.

use crate::config::parameters::CacheParameters;
use crate::expand::options::{Options, evaluate};
use crate::scope::scope::{Cell, Scope, Shared, Thread};
use std::any::TypeId;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::mem::MaybeUninit;
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
    /// Names the instantiation and the type of the handle.
    instance: TypeId,
    handle: Handle,
    branches: [S::Cell<Box<Self>>; 4],
}

impl<S: Scope> Node<S> {
    /// The handle, of type `C`, for the instantiation `F`. If there is none, `make` makes it from the options.
    #[inline]
    pub(crate) fn find<'s, F: Instance, C: 'static>(
        root: &'s S::Cell<Self>,
        function: &'static str,
        options: Options,
        make: impl FnOnce(CacheParameters) -> C,
    ) -> &'s C
    where
        S: Holds<C>,
    {
        #[expect(unsafe_code, reason = "see `Handle`")]
        // SAFETY: `C` has no lifetimes, and `instance` names it: a node of this instance holds a `C`.
        unsafe {
            Self::first::<F, C>(root).unwrap_or_else(|| {
                Self::search_for::<F, C>(root, function, options, make).handle.get()
            })
        }
    }

    /// [`find`](Self::find), for the first handle that was made; `None` for any other.
    ///
    /// # Safety
    ///
    /// `C` has no lifetimes. (A bound would have to be proved for each call.) If `F` is the only instance of the
    /// tree, the tree holds a `C`.
    #[expect(unsafe_code, reason = "see `Handle`")]
    #[inline]
    pub(crate) unsafe fn first<F: Instance, C>(root: &S::Cell<Self>) -> Option<&C> {
        let root = root.get().filter(|root| F::IS_ONLY || root.instance == instance::<F, C>())?;
        // SAFETY: `search_for` made a node of this instance from a `C`. `typeid` ignores lifetimes, and `C` has
        // none. If the tree has one instance only, the caller says that it holds a `C`.
        Some(unsafe { root.handle.get() })
    }

    /// A function of its own, so that a call that finds its cache does not prepare to make one.
    #[cold]
    #[inline(never)]
    fn search_for<'s, F, C: 'static>(
        root: &'s S::Cell<Self>,
        function: &'static str,
        options: Options,
        make: impl FnOnce(CacheParameters) -> C,
    ) -> &'s Self
    where
        S: Holds<C>,
    {
        let mut make = Some(make);
        let evaluate =
            || evaluate(options, function, ptr::from_ref(root).addr(), instance::<F, C>());
        Self::search(root, instance::<F, C>(), &evaluate, &mut |parameters| {
            let make = make.take().expect("the loop ends once the node is made");
            Handle::new(make(parameters))
        })
    }

    /// The node of an instance. Each level of the tree tells instances apart by two more bits.
    ///
    /// The options are user code. They are evaluated while no cell is held, and before the place of the new node
    /// is known. If several threads evaluate them at the same time, the first to finish makes the cache.
    fn search<'s>(
        root: &'s S::Cell<Self>,
        instance: TypeId,
        evaluate: &dyn Fn() -> CacheParameters,
        make: &mut dyn FnMut(CacheParameters) -> Handle,
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
                Self { instance, handle: make(CacheParameters::clone(parameters)), branches }
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

#[inline]
fn instance<F, C>() -> TypeId {
    typeid::of::<(F, PhantomData<C>)>()
}

/// Says that a tree of this scope may hold a `C`.
pub(crate) trait Holds<C>: Scope {}

impl<C: Send + Sync> Holds<C> for Shared {}
impl<C> Holds<C> for Thread {}

/// A handle whose type the caller knows. It has the size of a pointer.
///
/// A `Box<dyn Any>` would put it two more loads away, and each hit would wait for them.
struct Handle {
    pointer: MaybeUninit<*const ()>,
    drop: fn(&mut Self),
}

#[expect(unsafe_code, reason = "the compiler does not know the type")]
impl Handle {
    fn new<C>(handle: C) -> Self {
        const { assert!(size_of::<C>() == size_of::<*const ()>()) };
        const { assert!(align_of::<C>() == align_of::<*const ()>()) };
        // SAFETY: `Handle::drop` calls this, once. The handle was made from a `C`.
        let drop =
            |this: &mut Self| unsafe { this.pointer.as_mut_ptr().cast::<C>().drop_in_place() };
        let mut this = Self { pointer: MaybeUninit::uninit(), drop };
        // SAFETY: the assertions above say that there is room for a `C`.
        unsafe { this.pointer.as_mut_ptr().cast::<C>().write(handle) };
        this
    }

    /// # Safety
    ///
    /// The handle was made from a `C`.
    #[inline]
    unsafe fn get<C>(&self) -> &C {
        // SAFETY: by the condition above.
        unsafe { &*self.pointer.as_ptr().cast() }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        (self.drop)(self);
    }
}

#[expect(unsafe_code, reason = "the compiler does not know the type")]
// SAFETY: the handles in a shared tree are `Send` and `Sync`: see `Holds`.
unsafe impl Send for Node<Shared> {}

#[expect(unsafe_code, reason = "the compiler does not know the type")]
// SAFETY: as above.
unsafe impl Sync for Node<Shared> {}

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

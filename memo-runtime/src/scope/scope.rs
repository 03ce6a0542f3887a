//! Who shares a cache: every thread of the process, or one thread alone.
//!
//! The engine is written once, over the pointer, lock and cell a scope chooses. [`Thread`] chooses
//! those that cost nothing.

use crate::base::sync::{Arc, Mutex};
use crate::scope::readers::{LocalReaders, Readers, SharedReaders};
use std::cell::{OnceCell, RefCell};
use std::fmt;
use std::ops::Deref;
use std::ptr::NonNull;
use std::rc::Rc;
use std::sync::OnceLock;

/// Which threads see a cache: [`Shared`] or [`Thread`].
pub trait Scope: sealed::Sealed + fmt::Debug + Sized + 'static {
    /// The word for it in the attribute: `"shared"` or `"thread"`.
    const NAME: &'static str;

    #[doc(hidden)]
    const SHARED: bool;
    #[doc(hidden)]
    type Ptr<T>: Deref<Target = T> + Clone;
    #[doc(hidden)]
    type Lock<T>: Lock<T>;
    #[doc(hidden)]
    type Cell<T>: Cell<T>;
    #[doc(hidden)]
    type Readers: Readers;

    #[doc(hidden)]
    fn ptr<T>(value: T) -> Self::Ptr<T>;

    /// What a run keeps of its engine. In a cache of the thread, it keeps it alive: that costs nothing there,
    /// and the thread may end before the run does.
    #[doc(hidden)]
    fn lease<T>(engine: &Self::Ptr<T>) -> NonNull<T>;

    /// Gives a [`lease`](Self::lease) back.
    ///
    /// # Safety
    ///
    /// It is one, and is not given back again.
    #[doc(hidden)]
    #[expect(unsafe_code, reason = "an owner is kept as a pointer")]
    unsafe fn end_lease<T>(engine: NonNull<T>);
}

/// One cache for the whole process.
#[derive(Debug, Clone, Copy)]
pub enum Shared {}

/// A cache that one thread has to itself, with no synchronisation at all.
#[derive(Debug, Clone, Copy)]
pub enum Thread {}

impl Scope for Shared {
    const NAME: &'static str = "shared";
    const SHARED: bool = true;
    type Ptr<T> = Arc<T>;
    type Lock<T> = Mutex<T>;
    type Cell<T> = OnceLock<T>;
    type Readers = SharedReaders;

    fn ptr<T>(value: T) -> Arc<T> {
        Arc::new(value)
    }

    #[inline]
    fn lease<T>(engine: &Arc<T>) -> NonNull<T> {
        NonNull::from(&**engine)
    }

    #[expect(unsafe_code, reason = "an owner is kept as a pointer")]
    #[inline]
    unsafe fn end_lease<T>(_: NonNull<T>) {}
}

impl Scope for Thread {
    const NAME: &'static str = "thread";
    const SHARED: bool = false;
    type Ptr<T> = Rc<T>;
    type Lock<T> = RefCell<T>;
    type Cell<T> = OnceCell<T>;
    type Readers = LocalReaders;

    fn ptr<T>(value: T) -> Rc<T> {
        Rc::new(value)
    }

    #[expect(unsafe_code, reason = "an owner is kept as a pointer")]
    #[inline]
    fn lease<T>(engine: &Rc<T>) -> NonNull<T> {
        // SAFETY: an `Rc` does not point at null.
        unsafe { NonNull::new_unchecked(Rc::into_raw(Rc::clone(engine)).cast_mut()) }
    }

    #[expect(unsafe_code, reason = "an owner is kept as a pointer")]
    #[inline]
    unsafe fn end_lease<T>(engine: NonNull<T>) {
        // SAFETY: `lease` has made it of an `Rc`, by the condition above.
        drop(unsafe { Rc::from_raw(engine.as_ptr()) });
    }
}

mod sealed {
    #[allow(unreachable_pub, reason = "it seals a public trait")]
    pub trait Sealed {}
    impl Sealed for super::Shared {}
    impl Sealed for super::Thread {}
}

/// Exclusive access for the length of a closure. No user code runs inside one.
pub trait Lock<T> {
    /// Locks `value` up.
    fn new(value: T) -> Self;
    /// Lets `f` have it.
    fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R;
}

impl<T> Lock<T> for Mutex<T> {
    fn new(value: T) -> Self {
        Self::new(value)
    }

    #[inline]
    fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        f(&mut self.lock())
    }
}

impl<T> Lock<T> for RefCell<T> {
    fn new(value: T) -> Self {
        Self::new(value)
    }

    #[inline]
    fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        f(&mut self.borrow_mut())
    }
}

/// A place that is filled once.
pub trait Cell<T> {
    /// To be filled later.
    fn empty() -> Self;
    /// Filled already.
    fn filled(value: T) -> Self;
    /// What it holds.
    fn get(&self) -> Option<&T>;
    /// What it holds, which is made if there is nothing.
    fn get_or_init(&self, make: impl FnOnce() -> T) -> &T;
    /// The first value stays; a later one is given back.
    ///
    /// # Errors
    ///
    /// The value given, when there is one already.
    fn set(&self, value: T) -> Result<(), T>;
}

macro_rules! cell {
    ($cell:ident) => {
        impl<T> Cell<T> for $cell<T> {
            fn empty() -> Self {
                Self::new()
            }
            fn filled(value: T) -> Self {
                value.into()
            }
            #[inline]
            fn get(&self) -> Option<&T> {
                self.get()
            }
            fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
                self.get_or_init(make)
            }
            fn set(&self, value: T) -> Result<(), T> {
                self.set(value)
            }
        }
    };
}
cell!(OnceLock);
cell!(OnceCell);

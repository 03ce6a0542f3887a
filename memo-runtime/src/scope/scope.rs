//! The scope of a cache: all threads of the process share it, or it belongs to one thread.
//!
//! The engine is written once, over the pointer, the lock, the cell and the readers of a scope. Those of
//! [`Thread`] synchronize nothing.

use crate::base::sync::{Arc, Mutex};
use crate::scope::local_readers::LocalReaders;
use crate::scope::readers::Readers;
use crate::scope::shared_readers::SharedReaders;
use std::cell::{OnceCell, RefCell};
use std::fmt;
use std::ops::Deref;
use std::ptr::NonNull;
use std::rc::Rc;
use std::sync::OnceLock;

/// The threads that see a cache: [`Shared`] or [`Thread`].
pub trait Scope: sealed::Sealed + fmt::Debug + Sized + 'static {
    /// The value of the attribute's option: `"shared"` or `"thread"`.
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

    /// The engine as a run keeps it. For [`Thread`] this is one more owner: a count costs nothing there, and the
    /// thread may end before the run. For [`Shared`] it is a plain pointer.
    #[doc(hidden)]
    fn retain<T>(engine: &Self::Ptr<T>) -> NonNull<T>;

    /// Releases an engine that was [retained](Self::retain).
    ///
    /// # Safety
    ///
    /// `retain` returned this pointer, and it is released once.
    #[doc(hidden)]
    #[expect(unsafe_code, reason = "an owner is kept as a pointer")]
    unsafe fn release<T>(engine: NonNull<T>);
}

/// One cache for the whole process.
#[derive(Debug, Clone, Copy)]
pub enum Shared {}

/// One cache for each thread, without any synchronization.
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
    fn retain<T>(engine: &Arc<T>) -> NonNull<T> {
        NonNull::from(&**engine)
    }

    #[expect(unsafe_code, reason = "an owner is kept as a pointer")]
    #[inline]
    unsafe fn release<T>(_: NonNull<T>) {}
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
    fn retain<T>(engine: &Rc<T>) -> NonNull<T> {
        // SAFETY: an `Rc` never points at null.
        unsafe { NonNull::new_unchecked(Rc::into_raw(Rc::clone(engine)).cast_mut()) }
    }

    #[expect(unsafe_code, reason = "an owner is kept as a pointer")]
    #[inline]
    unsafe fn release<T>(engine: NonNull<T>) {
        // SAFETY: by the contract above, the pointer came from `Rc::into_raw` in `retain`, and is released once.
        drop(unsafe { Rc::from_raw(engine.as_ptr()) });
    }
}

mod sealed {
    #[allow(unreachable_pub, reason = "it seals a public trait")]
    pub trait Sealed {}
    impl Sealed for super::Shared {}
    impl Sealed for super::Thread {}
}

/// Exclusive access during a closure. The closure runs no user code.
pub trait Lock<T> {
    /// Creates a lock around `value`.
    fn new(value: T) -> Self;
    /// Calls `f` with exclusive access.
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

/// A cell that is filled once.
pub trait Cell<T> {
    /// Creates an empty cell.
    fn empty() -> Self;
    /// Creates a filled cell.
    fn filled(value: T) -> Self;
    /// The value, if the cell is filled.
    fn get(&self) -> Option<&T>;
    /// The value. An empty cell is filled first.
    fn get_or_init(&self, make: impl FnOnce() -> T) -> &T;
    /// Fills an empty cell.
    ///
    /// # Errors
    ///
    /// Returns `value` if the cell is filled already.
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

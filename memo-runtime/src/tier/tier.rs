//! The interface of a tier: bytes, and one protocol with two ways to wait.

use crate::tier::pending::Pending;
use crate::tier::record::Record;
use std::any::type_name;
use std::fmt;
use std::sync::{Arc, LazyLock, Weak};
use std::time::Duration;

/// A store below the caches of a process: `disk`, or one of your own.
///
/// A call that finds nothing in its cache asks the tier before it runs the body, inside of its flight: so of all callers of
/// one key in a process, one asks. A tier knows bytes. It is told which function and which key they belong to; the runtime
/// checks all that it gives back, and so a tier that returns wrong bytes costs a run and not a wrong result.
///
/// No method may panic, and none may wait: what takes time goes into the [`Pending`] that is returned. A call waits for
/// an answer as long as [`timeout`](Self::timeout) says, and then runs the body. A tier that fails is never an error of a caller.
pub trait Tier: Send + Sync + 'static {
    /// Asks for the record of a key.
    fn ask(&self, of: &Asked) -> Pending<Answer>;

    /// Asks for a lease where there is a record that does not do, which is too old or damaged. The answer is as that of
    /// [`ask`](Self::ask); [`Answer::Hit`] is another record, which somebody has kept meanwhile.
    fn lend(&self, of: &Asked, old: &Record) -> Pending<Answer> {
        let _ = (of, old);
        Pending::ready(Answer::Yours(Lease::NONE))
    }

    /// Asks for a lease for a run that begins whether there is a record or not: a refresh. It takes the place of a lease that another run
    /// has. The result is kept with it, so that a [`forget`](Self::forget) during the run is not overwritten. The answer is
    /// [`Answer::Yours`] or [`Answer::Away`].
    fn begin(&self, of: &Asked) -> Pending<Answer> {
        let _ = of;
        Pending::ready(Answer::Yours(Lease::NONE))
    }

    /// Keeps a record. With a lease, only if that is still valid: a [`forget`](Self::forget) ends it.
    fn keep(&self, of: &Asked, record: Record, lease: Option<Lease>) -> Pending<Kept>;

    /// Gives a lease back, because its run has failed, panicked or was dropped. It must not wait.
    fn release(&self, of: &Asked, lease: Lease) {
        let _ = (of, lease);
    }

    /// A result of this key is in the cache, and does not come to the tier: that has not answered, the result cannot be written, or
    /// a second run has computed it, beside the one that has the lease. A tier that tells of changes may not know of those of this key:
    /// so it has the cache forget it after a while. It must not wait.
    fn bypassed(&self, of: &Asked) {
        let _ = of;
    }

    /// Forgets records. What was asked for before and is kept later is to be refused. It must not wait.
    fn forget(&self, what: Forget<'_>);

    /// Takes note of a cache above the tier, which is to be told when another process changes or forgets a record. Returns
    /// whether the tier tells. One that other processes do not change has nothing to tell.
    fn follow(&self, function: &Arc<Function>, cache: Weak<dyn FirstLevel>) -> bool {
        let _ = (function, cache);
        false
    }

    /// How long a call waits for an answer. It is one second, unless the tier says something else.
    fn timeout(&self) -> Duration {
        Duration::from_secs(1)
    }

    /// Waits until all that was given to it so far is kept, at most for this time. Returns whether it is. That each
    /// [`keep`](Self::keep) has ended is waited for already: this is for what a tier does after that.
    fn flush(&self, at_most: Duration) -> bool {
        let _ = at_most;
        true
    }

    /// One line for [`report()`](crate::report()): where it is, how it is. It is the name of the type, unless the tier says more.
    fn status(&self) -> String {
        type_name::<Self>().to_owned()
    }
}

/// A cache above a tier, in the memory of this process.
///
/// Its methods drop values and call listeners of the program, which may call the tier. So hold no lock of the tier.
pub trait FirstLevel: Send + Sync {
    /// Forgets the result of a key, and keeps a run of it that is under way from being stored.
    fn forget(&self, digest: u128);

    /// Forgets all results. Counters stay.
    fn forget_all(&self);
}

/// A memoized function, as a tier knows it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Function {
    name: String,
    version: u64,
}

impl Function {
    pub(crate) fn new(name: String, version: u64) -> Self {
        Self { name, version }
    }

    /// Its name: its path, or what the option `name` says, and the types of its key and value.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version of its code. Records of other versions do not answer.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }
}

/// One call, as a tier knows it: the function and the key.
#[derive(Debug, Clone)]
pub struct Asked {
    function: Arc<Function>,
    key: Arc<[u8]>,
    digest: u128,
}

impl Asked {
    pub(crate) fn new(function: Arc<Function>, key: Arc<[u8]>, digest: u128) -> Self {
        Self { function, key, digest }
    }

    /// The key as records have it. Keys that differ in a field that is not written differ in their digests.
    pub(crate) fn key_in_records(&self) -> Vec<u8> {
        [&*self.key, &self.digest.to_le_bytes()].concat()
    }

    /// Whether this is its key as records have it.
    pub(crate) fn has_key(&self, key: &[u8]) -> bool {
        key.strip_suffix(&self.digest.to_le_bytes()) == Some(&*self.key)
    }

    /// The function.
    #[must_use]
    pub fn function(&self) -> &Arc<Function> {
        &self.function
    }

    /// The encoded key. Different keys of one function have different bytes or [digests](Self::digest).
    #[must_use]
    pub fn key(&self) -> &Arc<[u8]> {
        &self.key
    }

    /// A digest of the key, 128 bits. It does not tell functions or versions apart.
    #[must_use]
    pub fn digest(&self) -> u128 {
        self.digest
    }
}

/// The answer of a tier.
#[derive(Debug)]
#[non_exhaustive]
pub enum Answer {
    /// It has this record.
    Hit(Record),
    /// It has none: the call is to run the body, and to keep what comes of it with this lease. A tier without leases gives
    /// [`Lease::NONE`].
    Yours(Lease),
    /// Another process runs the body. The call waits until this is over or the time is, and asks again.
    Theirs(Pending<()>, Duration),
    /// It cannot say. The call runs the body.
    Away,
}

/// The permission to keep the result of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lease(pub u128);

impl Lease {
    /// The lease of a tier that has none.
    pub const NONE: Self = Self(0);
}

/// The outcome of keeping a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kept {
    /// It is kept, or about to be.
    Stored,
    /// It came too late: its lease has ended, or what it belongs to was forgotten meanwhile. Or the tier can be read alone.
    Refused,
    /// It could not be kept.
    Failed,
}

/// Records that a tier is to forget.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Forget<'a> {
    /// The record of one key.
    Key(&'a Asked),
    /// All records of a function, of all its versions.
    Function(&'a Function),
    /// All records with a tag, of all functions.
    Tag(&'a str),
}

macro_rules! pointers {
    ($(($($size:tt)*) $pointer:ty;)*) => {$(
        impl<T: Tier + $($size)*> Tier for $pointer {
            fn ask(&self, of: &Asked) -> Pending<Answer> {
                (**self).ask(of)
            }
            fn lend(&self, of: &Asked, old: &Record) -> Pending<Answer> {
                (**self).lend(of, old)
            }
            fn begin(&self, of: &Asked) -> Pending<Answer> {
                (**self).begin(of)
            }
            fn keep(&self, of: &Asked, record: Record, lease: Option<Lease>) -> Pending<Kept> {
                (**self).keep(of, record, lease)
            }
            fn release(&self, of: &Asked, lease: Lease) {
                (**self).release(of, lease);
            }
            fn bypassed(&self, of: &Asked) {
                (**self).bypassed(of);
            }
            fn forget(&self, what: Forget<'_>) {
                (**self).forget(what);
            }
            fn follow(&self, function: &Arc<Function>, cache: Weak<dyn FirstLevel>) -> bool {
                (**self).follow(function, cache)
            }
            fn timeout(&self) -> Duration {
                (**self).timeout()
            }
            fn flush(&self, at_most: Duration) -> bool {
                (**self).flush(at_most)
            }
            fn status(&self) -> String {
                (**self).status()
            }
        }
    )*};
}
pointers! {
    (?Sized) &'static T;
    (?Sized) Arc<T>;
    (?Sized) Box<T>;
    (Sized) LazyLock<T>;
}

impl fmt::Debug for dyn Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tier({})", self.status())
    }
}

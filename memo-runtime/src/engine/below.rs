//! The seam to what stands below a cache: a tier that has results of other processes.
//!
//! The engine and its calls know this interface, and no bytes. [`tier`](crate::tier) implements it for the types of a cache.

use crate::config::stats::CacheInfo;
use crate::entry::entry_ref::EntryRef;
use crate::entry::entry_type::EntryType;
use crate::key::tags::Tag;
use crate::store::freshness::Life;
use std::collections::HashSet;
use std::fmt;
use std::future::Future;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::ptr::NonNull;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// The second level of one cache: it stands below.
///
/// The entries, keys and values that it is given are of the types that it [is for](Self::is_for). It runs user code in each
/// method with an entry, a key or a value, and catches the panics of that.
pub(crate) trait Below: Send + Sync + UnwindSafe + RefUnwindSafe {
    /// Whether it is for entries of this type.
    fn is_for(&self, types: &EntryType) -> bool;
    /// It stands below the cache of this name now.
    fn join(&self, name: &str);
    /// Takes note of the cache. It tells that one what other processes change.
    fn follow(&self, cache: Weak<dyn Above>);
    /// The tag by which it tells the cache of changes to this entry, if it does.
    fn tag(&self, entry: EntryRef) -> Option<Tag>;
    /// Asks for the value of the entry's key. The question is polled to its end; with `Waits::BLOCKING` once.
    fn ask(&self, entry: EntryRef, waits: Waits) -> Question;
    /// Asks for the right to keep the result of a run that begins in any case. The reply is [`Reply::Run`].
    fn begin(&self, entry: EntryRef, waits: Waits) -> Question;
    /// The right to keep a value that no run has computed.
    fn hold(&self, entry: EntryRef) -> Option<Box<dyn Hold>>;
    /// The cache has a value for the entry's key, and no run has the right to keep it.
    fn bypassed(&self, entry: EntryRef);
    /// Forgets the value of the entry's key.
    fn forget(&self, entry: EntryRef);
    /// Forgets the value of a key.
    ///
    /// # Safety
    ///
    /// There is a key of the cache's type at `key`.
    #[expect(unsafe_code, reason = "a key has no type")]
    unsafe fn forget_key(&self, key: NonNull<()>);
    /// Keeps all runs under way from keeping their results.
    fn forget_runs(&self);
    /// Forgets the values of the cache, and zeroes the counters.
    fn forget_all(&self, told: &mut Told);
    /// Forgets the values with a tag.
    fn forget_tag(&self, tag: &str, told: &mut Told);
    /// Counts a question of a run.
    fn note(&self, asked: Asked);
    /// Adds its counters.
    fn count(&self, info: &mut CacheInfo, since: Since);
    /// Waits until all that it was given is kept, at most for this time. Returns whether it is.
    fn flush(&self, at_most: Duration) -> bool;
    /// One line for people, with its state.
    fn status(&self) -> String;
}

/// The stores that were told already, when several caches are told the same: the address of each, and the function, or none
/// with a tag.
pub(crate) type Told = HashSet<(usize, Option<String>)>;

/// The time that counters count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Since {
    /// Since the cache was made.
    #[cfg_attr(not(feature = "metrics"), allow(dead_code, reason = "only metrics ask for it"))]
    Made,
    /// Since it was cleared.
    Zeroed,
}

/// A cache, as what stands below it knows it.
pub(crate) trait Above: Send + Sync {
    /// Forgets the entries with this tag.
    fn forget_tagged(&self, tag: &str);
    /// Forgets all entries. Counters stay.
    fn forget_entries(&self);
}

/// The first character of the tags that [`Below::tag`] gives. They are not written into records.
pub(crate) const OWN_TAG: char = '\0';

/// The outcome of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// A value answers.
    Hit,
    /// There is no value, or it is too old.
    Miss,
}

/// How a caller waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Waits {
    pub(crate) how: How,
    /// Whether it asks for several keys. Then it is polled in any case, and does not wait for the runs of other processes.
    pub(crate) for_many: bool,
}

/// Where work is done that a caller waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// It blocks the thread of the caller.
    Blocking,
    /// The caller is polled.
    Polled,
}

impl Waits {
    pub(crate) const BLOCKING: Self = Self { how: How::Blocking, for_many: false };
    pub(crate) const POLLED: Self = Self { how: How::Polled, for_many: false };
    pub(crate) const BLOCKING_FOR_MANY: Self = Self { for_many: true, ..Self::BLOCKING };
    pub(crate) const POLLED_FOR_MANY: Self = Self { for_many: true, ..Self::POLLED };
}

/// A question under way. Dropping it gives back what it holds.
pub(crate) type Question = Pin<Box<dyn Future<Output = Reply> + Send>>;

/// The reply to a question.
pub(crate) enum Reply {
    /// It has the value.
    Given(Given),
    /// The body is to run. The run may keep its result, if it is given the right to.
    Run(Option<Box<dyn Hold>>),
}

/// A value from below.
pub(crate) struct Given {
    pub(crate) value: Box<dyn AnyValue>,
    /// How long ago it was computed.
    pub(crate) age: Duration,
    /// How long it answers from now on, at most.
    pub(crate) rest: Duration,
    /// Asks once more, if the value is found too old.
    pub(crate) again: Box<dyn FnOnce() -> Question + Send>,
}

/// A value of the cache's type.
pub(crate) trait AnyValue: Send {
    fn value(&self) -> NonNull<()>;
    /// Writes a clone of it. It is user code.
    fn write(&self, to: NonNull<()>);
}

/// The right to keep the result of one run. Dropping it gives the right back.
pub(crate) trait Hold: Send {
    /// Whether the answer was that there is no value. Otherwise there was no answer, and nothing is kept.
    fn is_miss(&self) -> bool;
    /// Keeps a value of the cache's type, with a life that begins now. It runs user code, and catches its panics.
    ///
    /// # Safety
    ///
    /// There is such a value at `value`.
    #[expect(unsafe_code, reason = "a value has no type")]
    unsafe fn keep(
        self: Box<Self>,
        value: NonNull<()>,
        life: &Life,
        tags: &[Arc<str>],
        cost: Option<Duration>,
    );
}

impl fmt::Debug for dyn Below {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Below")
    }
}

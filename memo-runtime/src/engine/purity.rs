//! The check of a cache: some hits run the body as well, and what it returns is compared with the stored value.
//!
//! A cache that is checked shows no table, so all its calls take the slow path. This file knows entries, and a
//! function that compares one with a value. It must not know who runs the body.

use crate::base::sync::{self, Arc, AtomicU64, Mutex, Ordering::Relaxed};
use crate::entry::entry::Entry;
use crate::entry::entry_ref::EntryRef;
use std::cell::Cell;
use std::fmt::Debug;
use std::ptr::NonNull;

/// The check of one cache.
pub(crate) struct Checker {
    /// Each `every`-th hit is checked.
    every: u64,
    hits: AtomicU64,
    compare: Compare,
    found: Mutex<Found>,
}

/// Compares the value of an entry with one that was computed again, if that is to be stored. It is user code.
type Compare = fn(EntryRef, Option<NonNull<()>>) -> Verdict;

enum Verdict {
    Equal,
    Different(Difference),
    /// The stored value differs from itself.
    Incomparable,
}

/// The findings of a check until now.
#[derive(Debug, Clone, Default)]
pub(crate) struct Found {
    pub(crate) checked: u64,
    pub(crate) unchecked: u64,
    pub(crate) differences: Vec<Difference>,
}

/// A call whose body gave something else than the cache holds. All three are printed by `Debug`.
#[derive(Debug, Clone)]
pub(crate) struct Difference {
    pub(crate) key: String,
    pub(crate) stored: String,
    pub(crate) computed: String,
}

sync::thread_local! {
    /// How many bodies the thread runs for a check.
    static CHECKING: Cell<u32> = const { Cell::new(0) };
}

/// The thread runs a body for a check, until this is dropped.
pub(crate) struct Checking(());

impl Checking {
    pub(crate) fn enter() -> Self {
        CHECKING.with(|checking| checking.set(checking.get() + 1));
        Self(())
    }
}

impl Drop for Checking {
    fn drop(&mut self) {
        CHECKING.with(|checking| checking.set(checking.get() - 1));
    }
}

impl Checker {
    /// For a cache of these types.
    pub(crate) fn new<K: Debug, V: PartialEq + Debug>(every: u64) -> Arc<Self> {
        Arc::new(Self {
            every: every.max(1),
            hits: AtomicU64::new(0),
            compare: compare::<K, V>,
            found: Mutex::new(Found::default()),
        })
    }

    /// Whether a hit that has just happened is to be checked. One inside of a check is not.
    pub(crate) fn is_turn(&self) -> bool {
        if CHECKING.with(Cell::get) > 0 {
            return false;
        }
        (self.hits.fetch_add(1, Relaxed) + 1) % self.every == 0
    }

    /// Checks an entry of this cache. `computed` points at a value of its type.
    pub(crate) fn check(&self, entry: EntryRef, computed: Option<NonNull<()>>) {
        let verdict = (self.compare)(entry, computed);
        let mut found = self.found.lock();
        match verdict {
            Verdict::Equal => found.checked += 1,
            Verdict::Incomparable => found.unchecked += 1,
            Verdict::Different(difference) => {
                found.checked += 1;
                found.differences.push(difference);
            }
        }
    }

    /// The body has panicked in the check of this entry.
    pub(crate) fn panicked(&self, entry: EntryRef) {
        if let Verdict::Different(difference) = (self.compare)(entry, None) {
            let mut found = self.found.lock();
            found.checked += 1;
            found.differences.push(Difference { computed: "a panic".to_owned(), ..difference });
        }
    }

    pub(crate) fn found(&self) -> Found {
        self.found.lock().clone()
    }
}

fn compare<K: Debug, V: PartialEq + Debug>(
    entry: EntryRef,
    computed: Option<NonNull<()>>,
) -> Verdict {
    #[expect(unsafe_code, reason = "a checker has no types")]
    // SAFETY: a cache is given a checker of its own types. The caller keeps the entry alive, and `computed` points at a
    // value of its type.
    let (entry, computed) = unsafe {
        (Entry::<K, V>::of(entry), computed.map(|computed| computed.cast::<V>().as_ref()))
    };
    let stored = entry.value();
    #[expect(clippy::eq_op, reason = "a NaN differs from itself")]
    if stored != stored {
        return Verdict::Incomparable;
    }
    if computed.is_some_and(|computed| computed == stored) {
        return Verdict::Equal;
    }
    Verdict::Different(Difference {
        key: format!("{:?}", entry.key),
        stored: format!("{stored:?}"),
        computed: match computed {
            Some(computed) => format!("{computed:?}"),
            None => "a result that is not stored".to_owned(),
        },
    })
}

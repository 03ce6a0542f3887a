//! The list of all caches in use, and what can be done with all of them.
//!
//! It holds weak references. It must not know the types of keys and values.

use crate::base::catch_panic::FirstPanic;
use crate::base::sync::{self, Arc, AtomicU64, Mutex, Ordering::Relaxed};
use crate::config::parameters::CacheParameters;
use crate::config::stats::CacheInfo;
use crate::engine::engine::Engine;
use crate::scope::scope::{Scope, Shared, Thread};
use std::cell::RefCell;
use std::rc::{Rc, Weak as RcWeak};
use std::sync::Weak as ArcWeak;

/// A cache of any types.
pub(super) trait AnyCache {
    fn status(&self) -> CacheStatus;
    /// The counts since it was made, cleared or not.
    #[cfg(feature = "metrics")]
    fn totals(&self) -> CacheInfo;
    fn clear(&self);
}

impl<S: Scope> AnyCache for Engine<S> {
    fn status(&self) -> CacheStatus {
        let info = self.info();
        let parameters = CacheParameters { maxsize: info.maxsize, ..self.parameters.clone() };
        CacheStatus { parameters, info }
    }

    #[cfg(feature = "metrics")]
    fn totals(&self) -> CacheInfo {
        self.core.totals()
    }

    fn clear(&self) {
        self.clear();
    }
}

sync::statics! {
    static SHARED: Mutex<Vec<(u64, ArcWeak<Engine<Shared>>)>> = Mutex::new(Vec::new());
    /// The next cache that is listed gets this number. An address may be used again.
    static NUMBER: AtomicU64 = AtomicU64::new(0);
}

sync::thread_local! {
    static THREAD: RefCell<Vec<(u64, RcWeak<Engine<Thread>>)>> =
        const { RefCell::new(Vec::new()) };
}

/// An engine that can be listed. Any thread may drop one that all threads share: keys and values are `Send` and `Sync`
/// then.
pub(crate) trait Listed {
    /// Lists the engine, if it has a name.
    fn list(&self);
}

impl Listed for Arc<Engine<Shared>> {
    fn list(&self) {
        if !self.parameters.name.is_empty() {
            self.when_dropped(unlist_shared);
            let number = NUMBER.fetch_add(1, Relaxed);
            SHARED.lock().push((number, Self::downgrade(self)));
        }
    }
}

impl Listed for Rc<Engine<Thread>> {
    fn list(&self) {
        if !self.parameters.name.is_empty() {
            self.when_dropped(unlist_on_this_thread);
            // While the thread's locals are being destroyed, the list is gone, and with it all who could read it.
            let number = NUMBER.fetch_add(1, Relaxed);
            let _ =
                THREAD.try_with(|listed| listed.borrow_mut().push((number, Self::downgrade(self))));
        }
    }
}

/// Takes the cache at this address off the list. A `Weak` left on it would keep the memory of the cache.
fn unlist_shared(cache: usize) {
    let unlisted = remove_first(&mut SHARED.lock(), |(_, listed)| listed.as_ptr().addr() == cache);
    forget(unlisted);
}

/// [`unlist_shared`], for a cache of the calling thread.
fn unlist_on_this_thread(cache: usize) {
    // While the thread's locals are being destroyed, the list is gone as a whole.
    let unlisted = THREAD.try_with(|listed| {
        remove_first(&mut listed.borrow_mut(), |(_, listed)| listed.as_ptr().addr() == cache)
    });
    forget(unlisted.ok().flatten());
}

fn forget<T>(unlisted: Option<(u64, T)>) {
    #[cfg(feature = "metrics")]
    if let Some((number, _)) = &unlisted {
        crate::cache::metrics::forget(*number);
    }
    drop(unlisted);
}

fn remove_first<T>(listed: &mut Vec<T>, is_it: impl FnMut(&T) -> bool) -> Option<T> {
    let removed = listed.iter().position(is_it).map(|at| listed.remove(at));
    if listed.capacity() > 8 * listed.len() + 64 {
        listed.shrink_to(2 * listed.len());
    }
    removed
}

/// The caches on the lists, with their numbers. It keeps them alive.
pub(super) struct ListedCaches {
    shared: Vec<(u64, Arc<Engine<Shared>>)>,
    thread: Vec<(u64, Rc<Engine<Thread>>)>,
}

impl ListedCaches {
    pub(super) fn now() -> Self {
        let upgrade =
            |(number, cache): &(u64, ArcWeak<Engine<Shared>>)| Some((*number, cache.upgrade()?));
        let shared = SHARED.lock().iter().filter_map(upgrade).collect();
        let upgrade =
            |(number, cache): &(u64, RcWeak<Engine<Thread>>)| Some((*number, cache.upgrade()?));
        let thread = THREAD.try_with(|listed| listed.borrow().iter().filter_map(upgrade).collect());
        Self { shared, thread: thread.unwrap_or_default() }
    }

    /// Calls `visit` with every cache, while no list is locked.
    pub(super) fn for_each(&self, mut visit: impl FnMut(u64, &dyn AnyCache)) {
        self.shared.iter().for_each(|(number, cache)| visit(*number, &**cache));
        self.thread.iter().for_each(|(number, cache)| visit(*number, &**cache));
    }
}

/// One cache of [`caches()`]: its options and its counters.
///
/// ```
/// let users: memofn::Cache<u64, String> = memofn::Cache::builder().name("users").build();
/// let status = memofn::caches().find(|status| status.name() == "users").unwrap();
/// assert_eq!((status.name(), status.parameters.maxsize, status.info.misses), ("users", Some(128), 0));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStatus {
    /// The name and the other options.
    pub parameters: CacheParameters,
    /// The counters and the size.
    pub info: CacheInfo,
}

impl CacheStatus {
    /// The name in reports.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.parameters.name
    }
}

/// All caches, sorted by name: that of each memoized function from its first call on, and each cache made by hand
/// with a name, as long as it lives.
///
/// A cache with `scope = "thread"` is shown on its own thread only.
///
/// ```
/// #[memofn::memoize(name = "cube")]
/// fn cube(n: u64) -> u64 {
///     n * n * n
/// }
///
/// cube(3);
/// let status = memofn::caches().find(|status| status.name() == "cube").unwrap();
/// assert_eq!(status.info.misses, 1);
/// ```
pub fn caches() -> impl Iterator<Item = CacheStatus> {
    let mut statuses = Vec::new();
    ListedCaches::now().for_each(|_, cache| statuses.push(cache.status()));
    statuses.sort_by(|a, b| a.name().cmp(b.name()));
    statuses.into_iter()
}

/// Clears every cache that [`caches()`] shows.
///
/// # Panics
///
/// A panic of a listener or of the `Drop` of a key or value passes through, after all caches were cleared.
///
/// ```
/// #[memofn::memoize]
/// fn cube(n: u64) -> u64 {
///     n * n * n
/// }
///
/// cube(3);
/// memofn::clear_all();
/// assert_eq!(cube::cache_info().currsize, 0);
/// ```
pub fn clear_all() {
    let mut panic = FirstPanic::none();
    ListedCaches::now().for_each(|_, cache| panic.catch(|| cache.clear()));
    panic.resume();
}

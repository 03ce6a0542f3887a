//! The list of all caches with names or tags, and what can be done with all of them.
//!
//! It holds weak references. It must not know the types of keys and values.

use crate::base::catch_panic::FirstPanic;
#[cfg(feature = "tier")]
use crate::base::catch_panic::caught;
use crate::base::sync::{self, Arc, AtomicU64, Mutex, Ordering::Relaxed};
use crate::cache::cache::Cache;
use crate::cache::isolation;
use crate::config::parameters::CacheParameters;
use crate::config::stats::CacheInfo;
#[cfg(feature = "tier")]
use crate::engine::below::Below;
use crate::engine::below::Told;
use crate::engine::engine::Engine;
use crate::scope::scope::{Scope, Shared, Thread};
#[cfg(feature = "tier")]
use crate::tier::place::TierPlace;
#[cfg(feature = "tier")]
use crate::tier::{self, forgotten};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::{Rc, Weak as RcWeak};
use std::sync::Weak as ArcWeak;
#[cfg(feature = "tier")]
use std::time::Instant;

/// A cache of any types.
pub(super) trait AnyCache {
    fn status(&self) -> CacheStatus;
    /// The counts since it was made, cleared or not.
    #[cfg(feature = "metrics")]
    fn totals(&self) -> CacheInfo;
    fn clear(&self, told: &mut Told);
    #[cfg(feature = "tier")]
    fn below(&self) -> Option<Arc<dyn Below>>;
    fn invalidate_tag(&self, tag: &str, told: &mut Told) -> usize;
    fn expire_tag(&self, tag: &str, told: &mut Told) -> usize;
}

impl<S: Scope> AnyCache for Engine<S> {
    fn status(&self) -> CacheStatus {
        let info = self.info();
        let parameters = CacheParameters { maxsize: info.maxsize, ..self.parameters.clone() };
        let tier = self.below.as_ref().map(|below| below.status());
        CacheStatus { parameters, info, tier }
    }

    #[cfg(feature = "metrics")]
    fn totals(&self) -> CacheInfo {
        Self::totals(self)
    }

    fn clear(&self, told: &mut Told) {
        self.clear(told);
    }

    #[cfg(feature = "tier")]
    fn below(&self) -> Option<Arc<dyn Below>> {
        self.below.clone()
    }

    fn invalidate_tag(&self, tag: &str, told: &mut Told) -> usize {
        self.invalidate_tag(tag, told)
    }

    fn expire_tag(&self, tag: &str, told: &mut Told) -> usize {
        self.expire_tag(tag, told)
    }
}

/// Caches by their address.
type List<C> = BTreeMap<usize, Entry<C>>;

sync::statics! {
    static SHARED: Mutex<List<ArcWeak<Engine<Shared>>>> = Mutex::new(List::new());
    /// The next cache that is listed gets this number. An address may be used again.
    static NUMBER: AtomicU64 = AtomicU64::new(0);
}

sync::thread_local! {
    static THREAD: RefCell<List<RcWeak<Engine<Thread>>>> = const { RefCell::new(List::new()) };
}

/// A cache on a list.
struct Entry<P> {
    number: u64,
    /// The number of the [isolation](isolation::current) in which it was made, or 0.
    isolation: u64,
    cache: P,
}

impl<P> Entry<P> {
    fn new(cache: P) -> Self {
        let number = NUMBER.fetch_add(1, Relaxed);
        Self { number, isolation: isolation::current_number(), cache }
    }
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
            list_shared(self);
        }
    }
}

/// Lists an engine, unless it is on the list.
fn list_shared(engine: &Arc<Engine<Shared>>) {
    let mut listed = SHARED.lock();
    if !engine.is_listed() {
        listed.insert(Arc::as_ptr(engine).addr(), Entry::new(Arc::downgrade(engine)));
        // Last: an engine that says that it is listed is found.
        engine.when_dropped(unlist_shared);
    }
}

impl Listed for Rc<Engine<Thread>> {
    fn list(&self) {
        if !self.parameters.name.is_empty() {
            self.when_dropped(unlist_on_this_thread);
            // While the thread's locals are being destroyed, the list is gone, and with it all who could read it.
            let (address, entry) = (Self::as_ptr(self).addr(), Entry::new(Self::downgrade(self)));
            let _ = THREAD.try_with(|listed| listed.borrow_mut().insert(address, entry));
        }
    }
}

impl<K, V> Cache<K, V>
where
    K: Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// Has [`invalidate_tag`] find the cache, whether it has a name or not. Before its first entry with tags is filed.
    ///
    /// Any thread may come to own a cache that is on the list, and drop its entries: hence the bounds.
    #[inline]
    pub(crate) fn list_tagged(&self) {
        let engine = self.engine().engine();
        if !engine.is_listed() {
            list_shared(engine);
        }
    }
}

/// Takes the cache at this address off the list. A `Weak` left on it would keep the memory of the cache.
fn unlist_shared(cache: usize) {
    let unlisted = SHARED.lock().remove(&cache);
    forget(unlisted);
}

/// [`unlist_shared`], for a cache of the calling thread.
fn unlist_on_this_thread(cache: usize) {
    // While the thread's locals are being destroyed, the list is gone as a whole.
    let unlisted = THREAD.try_with(|listed| listed.borrow_mut().remove(&cache));
    forget(unlisted.ok().flatten());
}

fn forget<P>(unlisted: Option<Entry<P>>) {
    #[cfg(feature = "metrics")]
    if let Some(entry) = &unlisted {
        crate::cache::metrics::forget(entry.number);
    }
    drop(unlisted);
}

/// The caches on the lists with their numbers, in the order in which they were listed. It keeps them alive. A cache
/// without a name is on the list if it has or had entries with tags.
pub(super) struct ListedCaches {
    shared: Vec<(u64, Arc<Engine<Shared>>)>,
    thread: Vec<(u64, Rc<Engine<Thread>>)>,
}

impl ListedCaches {
    /// All of the process with a name, and those of the thread.
    #[cfg(feature = "metrics")]
    pub(super) fn all() -> Self {
        Self::made_in(None).with_names()
    }

    /// Those with a name that the calling thread sees: in an isolation, the caches of that.
    fn visible() -> Self {
        Self::reached().with_names()
    }

    /// Those that the calling thread sees, with a name or not.
    fn reached() -> Self {
        let Some(isolation) = isolation::current() else { return Self::made_in(None) };
        let mut listed = Self::made_in(Some(isolation.number()));
        let (shared, thread) = isolation.caches();
        listed.shared.extend(shared.into_iter().map(|cache| (0, cache)));
        listed.thread.extend(thread.into_iter().map(|cache| (0, cache)));
        listed
    }

    fn with_names(mut self) -> Self {
        self.shared.retain(|(_, cache)| !cache.parameters.name.is_empty());
        self
    }

    /// Those on the lists that were made in this isolation, or all.
    fn made_in(isolation: Option<u64>) -> Self {
        let is_in = |number: u64| isolation.is_none_or(|isolation| isolation == number);
        let upgrade = |it: &Entry<ArcWeak<Engine<Shared>>>| {
            is_in(it.isolation).then(|| Some((it.number, it.cache.upgrade()?))).flatten()
        };
        let mut shared: Vec<_> = SHARED.lock().values().filter_map(upgrade).collect();
        let upgrade = |it: &Entry<RcWeak<Engine<Thread>>>| {
            is_in(it.isolation).then(|| Some((it.number, it.cache.upgrade()?))).flatten()
        };
        let thread =
            THREAD.try_with(|listed| listed.borrow().values().filter_map(upgrade).collect());
        let mut thread: Vec<_> = thread.unwrap_or_default();
        shared.sort_unstable_by_key(|(number, _)| *number);
        thread.sort_unstable_by_key(|(number, _)| *number);
        Self { shared, thread }
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
    /// The state of the tier below the cache, if there is one: a line for people.
    pub tier: Option<String>,
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
/// A cache with `scope = "thread"` is shown on its own thread only. In an [isolation](crate::testing::isolate) only the
/// caches of that are shown.
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
    ListedCaches::visible().for_each(|_, cache| statuses.push(cache.status()));
    statuses.sort_by(|a, b| a.name().cmp(b.name()));
    statuses.into_iter()
}

/// Clears every cache that [`caches()`] shows. A tier below such a cache forgets the results of it as well.
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
    in_each_of(&ListedCaches::visible(), |_| (), |cache, told| cache.clear(told));
}

/// Forgets the calls with this tag, in all caches of the process. Returns how many results that outdates: stored ones, and
/// those of runs under way.
///
/// The option [`tags`](attr.memoize.html#options) gives tags to the calls of a function, and
/// [`insert_tagged`](crate::Cache::insert_tagged) to an entry of a [`Cache`](crate::Cache).
///
/// A run that began before returns its result to its caller and to the calls that already wait for it. The result is not
/// stored, and a later call does not wait for that run. A call that begins after this has returned gets no result that is
/// older than this, from any cache. The caches are not changed at one moment: between two of them, another thread
/// may see one changed and the other not yet.
///
/// The time this takes grows with what is forgotten and with the number of caches, and not with what the caches hold. Each
/// cache is locked while its entries are taken out, and not while they are dropped.
///
/// # Panics
///
/// A panic of the `Drop` of a key or value passes through. The calls are forgotten in all caches.
///
/// ```
/// use memofn::memoize;
///
/// #[memoize(tags = [format!("user:{user}"), "rights".into()])]
/// fn rights(user: u32, folder: &str) -> bool {
///     user == 1 || folder == "public"
/// }
///
/// #[memoize(tags = [format!("user:{id}")])]
/// fn name(id: u32) -> String {
///     format!("user {id}")
/// }
///
/// rights(7, "home");
/// rights(7, "mail");
/// rights(8, "mail");
/// name(7);
/// assert_eq!(memofn::invalidate_tag("user:7"), 3);
/// assert_eq!(memofn::invalidate_tag("rights"), 1);
/// assert_eq!(memofn::invalidate_tag("user:7"), 0);
/// ```
#[expect(clippy::must_use_candidate, reason = "it is called for its effect")]
pub fn invalidate_tag(tag: &str) -> usize {
    outdate_tag(tag, |cache, told| cache.invalidate_tag(tag, told))
}

/// Ends the time in which the results with this tag answer, in all caches of the process. Returns how many results that
/// outdates: stored ones, and those of runs under way.
///
/// With `refresh_after` a result answers once more and is renewed; with `stale_if_error` alone it is kept for calls that fail;
/// without both it is removed, as by [`invalidate_tag`]. Runs under way are treated as they are there.
///
/// # Panics
///
/// A panic of the `Drop` of a key or value passes through. It holds for all caches.
///
/// ```
/// use memofn::memoize;
///
/// #[memoize(ttl = "1h", refresh_after = "10m", refresh_on = caller, tags = [format!("user:{id}")])]
/// fn name(id: u32) -> String {
///     format!("user {id}")
/// }
///
/// name(7);
/// assert_eq!(memofn::expire_tag("user:7"), 1);
/// assert_eq!(name::cache_peek(7).as_deref(), Some("user 7"));
/// name(7);
/// assert_eq!(name::cache_info().refreshes, 1);
/// ```
#[expect(clippy::must_use_candidate, reason = "it is called for its effect")]
pub fn expire_tag(tag: &str) -> usize {
    outdate_tag(tag, |cache, told| cache.expire_tag(tag, told))
}

/// Waits until the tiers below all caches have kept what they were given so far, at most for this time. Returns whether they
/// have.
///
/// Results are handed to a tier and written in the background. A program that ends at once may call this, so that its last
/// results outlive it.
///
/// The time is a `Duration` or a text. A text that is no time counts as none: then this returns whether all is kept already.
///
/// ```
/// assert!(memofn::flush("2s"));
/// ```
#[cfg(feature = "tier")]
#[must_use = "what is not kept is computed again"]
pub fn flush(at_most: impl tier::Time) -> bool {
    let at_most = at_most.read().unwrap_or_default();
    let start = Instant::now();
    let mut below = Vec::new();
    ListedCaches::reached().for_each(|_, cache| below.extend(cache.below()));
    let left = || at_most.saturating_sub(start.elapsed());
    // No tier is left out because another one has failed.
    let are_kept = below.iter().filter(|below| !below.flush(left())).count() == 0;
    // A process may have told it of a tag, and use no function that has it.
    let started = TierPlace::started().map(|tier| caught(|| tier.flush(left())).unwrap_or(false));
    are_kept && started.unwrap_or(true)
}

/// Has `act` outdate the results with a tag in each cache. Returns the sum of what it returns.
fn outdate_tag(tag: &str, act: impl Fn(&dyn AnyCache, &mut Told) -> usize) -> usize {
    let mut sum = 0;
    let tell = |told: &mut Told| note_outdated(tag, told);
    in_each_of(&ListedCaches::reached(), tell, |cache, told| sum += act(cache, told));
    sum
}

/// Notes for caches that are made later that a tag is outdated, and tells the Redis that the program has connected to. No
/// cache may have told it.
#[cfg(feature = "tier")]
fn note_outdated(tag: &str, told: &mut Told) {
    forgotten::note(tag);
    if isolation::current().is_none() {
        tier::link::forget_tag(TierPlace::started(), tag, told);
    }
}

#[cfg(not(feature = "tier"))]
fn note_outdated(_: &str, _: &mut Told) {}

/// Has caches forget, and before them what `tell` tells. Those that share a store below have it told once.
fn in_each_of(
    caches: &ListedCaches,
    tell: impl FnOnce(&mut Told),
    mut act: impl FnMut(&dyn AnyCache, &mut Told),
) {
    #[cfg(feature = "tier")]
    // The first cache may tell for all. So no run of another one may be allowed to keep its result after that.
    caches.for_each(|_, cache| {
        if let Some(below) = cache.below() {
            below.forget_runs();
        }
    });
    let mut told = Told::new();
    tell(&mut told);
    let mut panic = FirstPanic::none();
    // A `Drop` that panics must not leave old results in the caches that follow.
    caches.for_each(|_, cache| panic.catch(|| act(cache, &mut told)));
    panic.resume();
}

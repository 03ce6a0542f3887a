//! Caches of functions for one test: while a thread is in an isolation, its calls use the caches of that.
//!
//! The calls come here because an isolation is a [detour](crate::engine::detour), and the site of a function asks for
//! the [`current`] isolation before it gives its own cache. A cache is known by the place that its function gives it. This
//! file must not know functions.
//!
//! A function hands out its cache as a `&'static`. So a shared cache of an isolation is emptied at the end, and kept for a
//! later isolation. There are as many of them as isolations have been at the same time.

use crate::base::sync::{self, Arc, AtomicU64, Mutex, Ordering::Relaxed, forever};
use crate::config::parameters::CacheParameters;
use crate::engine::below::Told;
use crate::engine::detour;
use crate::engine::engine::{Engine, EnginePtr};
use crate::engine::settings::Settings;
use crate::entry::entry_type::EntryType;
use crate::scope::scope::{Scope, Shared, Thread};
use std::any::{Any, TypeId};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::thread::panicking;

/// The place of a cache: the address of its function's slot, and the instantiation.
pub(crate) type Place = (usize, TypeId);

/// Gives the calling thread caches of its own, until the returned value is dropped.
///
/// Tests of one program run at the same time and share the caches of memoized functions. In an isolation the functions that
/// the thread calls have fresh caches, which are empty, with counters of their own. They are dropped at the end.
/// [`caches()`](crate::caches), [`report()`](crate::report()), [`clear_all()`](crate::clear_all) and the controls show
/// and affect these alone, and the caches made by hand inside. The options of a function are evaluated anew.
///
/// ```
/// use memofn::memoize;
///
/// #[memoize]
/// fn square(n: u64) -> u64 {
///     n * n
/// }
///
/// square(3); // by another test
///
/// let _caches = memofn::testing::isolate();
/// square(3);
/// square(3);
/// assert_eq!((square::cache_info().hits, square::cache_info().misses), (1, 1));
/// assert_eq!(memofn::caches().count(), 1);
/// ```
///
/// - **Threads** that the test starts are not in the isolation. They enter it by a [handle](Isolation::handle).
/// - **Async tests** on one thread, as by `#[tokio::test]`, are isolated, with all tasks on that thread. The workers of a
///   runtime with several threads are not.
/// - **Nested** isolations: the inner one counts.
/// - **Given caches** (`cache = self.users`, `cache = USERS`), caches by hand and closures are not replaced: a test makes its
///   own.
/// - A runner that gives each test a process, such as `cargo nextest`, isolates tests without this.
///
/// While an isolation exists, hits of the whole process take a lock. It is for tests alone. A memoized function that is
/// called elsewhere behaves as ever.
///
/// # Panics
///
/// The end of the isolation drops its keys and values. If one of them panics, the panic passes through once the isolation
/// has ended, unless the thread panics already.
#[doc(alias("serial", "fixture", "nextest", "reset"))]
pub fn isolate() -> Isolation {
    Isolation::enter(Arc::new(Inner::new()))
}

/// The calling thread is in an isolation until this is dropped: see [`isolate`].
#[must_use = "the isolation ends when it is dropped"]
pub struct Isolation {
    inner: Arc<Inner>,
    /// The number of this stay.
    stay: u64,
    /// It belongs to the thread.
    thread: PhantomData<*const ()>,
}

/// Lets other threads enter an [isolation](isolate).
///
/// The caches last until the last thread has left. After that, `enter` begins with fresh ones.
#[derive(Clone)]
pub struct IsolationHandle {
    inner: Arc<Inner>,
}

impl Isolation {
    /// A handle by which other threads enter.
    ///
    /// ```
    /// # use memofn::memoize;
    /// # use std::thread;
    /// #[memoize]
    /// fn square(n: u64) -> u64 {
    ///     n * n
    /// }
    ///
    /// let caches = memofn::testing::isolate();
    /// let isolation = caches.handle();
    /// thread::spawn(move || {
    ///     let _caches = isolation.enter();
    ///     square(3)
    /// })
    /// .join()
    /// .unwrap();
    /// square(3);
    /// assert_eq!(square::cache_info().hits, 1);
    /// ```
    #[must_use]
    pub fn handle(&self) -> IsolationHandle {
        IsolationHandle { inner: Arc::clone(&self.inner) }
    }

    fn enter(inner: Arc<Inner>) -> Self {
        detour::begin();
        inner.state.lock().stays += 1;
        let stay = NUMBER.fetch_add(1, Relaxed);
        // A thread that is about to end has no stays.
        let _ = STAYS.try_with(|stays| {
            let mut stays = stays.borrow_mut();
            let known = stays.iter().find(|it| Arc::ptr_eq(&it.visit.inner, &inner));
            let own = known.map(|it| Rc::clone(&it.visit.own)).unwrap_or_default();
            stays.push(Stay { number: stay, visit: Visit { inner: Arc::clone(&inner), own } });
        });
        Self { inner, stay, thread: PhantomData }
    }
}

impl IsolationHandle {
    /// The calling thread uses the caches of the isolation until the returned value is dropped.
    ///
    /// With `scope = "thread"` it has caches of its own, as anywhere.
    pub fn enter(&self) -> Isolation {
        Isolation::enter(Arc::clone(&self.inner))
    }
}

/// An isolation.
struct Inner {
    number: u64,
    state: Mutex<State>,
}

struct State {
    /// How many stays there are, in all threads.
    stays: usize,
    caches: BTreeMap<Place, &'static EnginePtr<Shared>>,
}

/// The caches that an isolation has for one thread alone.
type OwnCaches = Rc<RefCell<BTreeMap<Place, EnginePtr<Thread>>>>;

/// A stay of the thread in an isolation.
struct Stay {
    number: u64,
    visit: Visit,
}

/// An isolation as a thread in it sees it.
#[derive(Clone)]
pub(crate) struct Visit {
    inner: Arc<Inner>,
    own: OwnCaches,
}

sync::statics! {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    /// The shared caches of isolations that have ended.
    static SPARE: Mutex<BTreeMap<Place, Vec<&'static EnginePtr<Shared>>>> =
        Mutex::new(BTreeMap::new());
}

sync::thread_local! {
    static STAYS: RefCell<Vec<Stay>> = const { RefCell::new(Vec::new()) };
}

/// Whether there may be an isolation. A look-up of a function's cache asks this first.
#[inline]
pub(crate) fn may_be() -> bool {
    detour::is_on()
}

/// The isolation that the calling thread is in.
pub(crate) fn current() -> Option<Visit> {
    if !may_be() {
        return None;
    }
    STAYS.try_with(|stays| stays.borrow().last().map(|stay| stay.visit.clone())).ok().flatten()
}

/// The number of the isolation that the calling thread is in, or 0.
pub(crate) fn current_number() -> u64 {
    current().map_or(0, |visit| visit.number())
}

impl Visit {
    pub(crate) fn number(&self) -> u64 {
        self.inner.number
    }

    /// The shared cache at this place. If there is none, it is made with the `settings`, which are user code.
    pub(crate) fn shared(
        &self,
        place: Place,
        types: &'static EntryType,
        settings: impl FnOnce() -> Settings,
    ) -> &'static EnginePtr<Shared> {
        if let Some(known) = self.inner.state.lock().caches.get(&place) {
            return known;
        }
        // No earlier run answers in an isolation: nothing stands below its caches.
        let settings = Settings { below: None, ..settings() };
        let spare = take_spare(place, &settings.parameters);
        let made = spare.unwrap_or_else(|| forever(Engine::<Shared>::make(settings, types)));
        let cache = *self.inner.state.lock().caches.entry(place).or_insert(made);
        if !std::ptr::eq(cache, made) {
            // Another thread was faster.
            SPARE.lock().entry(place).or_default().push(made);
        }
        cache
    }

    /// The thread's own cache at this place.
    pub(crate) fn of_thread(
        &self,
        place: Place,
        types: &'static EntryType,
        settings: impl FnOnce() -> Settings,
    ) -> EnginePtr<Thread> {
        if let Some(known) = self.own.borrow().get(&place) {
            return known.clone();
        }
        let mut settings = settings();
        settings.parameters.scope = Thread::NAME;
        let made = Engine::<Thread>::make(settings, types);
        self.own.borrow_mut().entry(place).or_insert(made).clone()
    }

    /// All caches that functions have here.
    pub(crate) fn caches(&self) -> (Vec<EnginePtr<Shared>>, Vec<EnginePtr<Thread>>) {
        let shared = self.inner.state.lock().caches.values().map(|it| (*it).clone()).collect();
        (shared, self.own.borrow().values().cloned().collect())
    }
}

impl Inner {
    fn new() -> Self {
        let state = State { stays: 0, caches: BTreeMap::new() };
        Self { number: NUMBER.fetch_add(1, Relaxed), state: Mutex::new(state) }
    }
}

/// A cache of an isolation that has ended, for another one. It is at rest, and made with the same options.
fn take_spare(place: Place, parameters: &CacheParameters) -> Option<&'static EnginePtr<Shared>> {
    let spare = {
        let mut spare = SPARE.lock();
        let spare = spare.get_mut(&place)?;
        let fits = |it: &&EnginePtr<Shared>| it.parameters == *parameters && it.is_at_rest();
        let at = spare.iter().position(fits)?;
        spare.swap_remove(at)
    };
    // Calls that have outlived their isolation may have left something.
    spare.clear(&mut Told::new());
    Some(spare)
}

/// Empties a cache, and keeps it.
fn put_spare(place: Place, cache: &'static EnginePtr<Shared>, panics: &mut Panics) {
    panics.catch(|| cache.clear(&mut Told::new()));
    panics.catch(|| cache.set_maxsize(cache.parameters.maxsize));
    panics.catch(|| cache.enable(true));
    SPARE.lock().entry(place).or_default().push(cache);
}

impl Drop for Isolation {
    fn drop(&mut self) {
        let mut panics = Panics::default();
        // The `Drop` of a value may call memoized functions. It is still inside.
        let is_last = self.inner.state.lock().stays == 1;
        let shared = || self.inner.state.lock().caches.values().copied().collect::<Vec<_>>();
        let shared = if is_last { shared() } else { Vec::new() };
        for cache in shared {
            panics.catch(|| cache.clear(&mut Told::new()));
        }
        for cache in self.last_own_caches() {
            panics.catch(|| cache.clear(&mut Told::new()));
        }

        let left = STAYS.try_with(|stays| {
            let mut stays = stays.borrow_mut();
            stays.iter().position(|it| it.number == self.stay).map(|at| stays.remove(at))
        });
        let caches = {
            let mut state = self.inner.state.lock();
            state.stays -= 1;
            if state.stays == 0 { mem::take(&mut state.caches) } else { BTreeMap::new() }
        };
        panics.catch(|| drop(left));
        for (place, cache) in caches {
            put_spare(place, cache, &mut panics);
        }
        detour::end();
        panics.resume();
    }
}

impl Isolation {
    /// The thread's own caches, if this is its last stay in the isolation.
    fn last_own_caches(&self) -> Vec<EnginePtr<Thread>> {
        let own = STAYS.try_with(|stays| {
            let stays = stays.borrow();
            let mut here = stays.iter().filter(|it| Arc::ptr_eq(&it.visit.inner, &self.inner));
            let only = here.next().filter(|_| here.next().is_none())?;
            Some(only.visit.own.borrow().values().cloned().collect())
        });
        own.ok().flatten().unwrap_or_default()
    }
}

/// The first panic of user code.
#[derive(Default)]
struct Panics(Option<Box<dyn Any + Send>>);

impl Panics {
    fn catch(&mut self, user_code: impl FnOnce()) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(user_code)) {
            // A payload may panic when it is dropped.
            match &self.0 {
                None => self.0 = Some(panic),
                Some(_) => mem::forget(panic),
            }
        }
    }

    fn resume(self) {
        match self.0 {
            Some(panic) if panicking() => mem::forget(panic),
            Some(panic) => resume_unwind(panic),
            None => {}
        }
    }
}

impl fmt::Debug for Isolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Isolation").field(&self.inner.number).finish()
    }
}

impl fmt::Debug for IsolationHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("IsolationHandle").field(&self.inner.number).finish()
    }
}

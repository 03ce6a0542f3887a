//! The run of a blocking body.
//!
//! Memoized functions recurse, and each level has a run on its stack. So a run has two words: the rest is in the
//! entry or the engine. A run that leads no flight of its own is boxed.

use crate::base::stopwatch::{Started, Timing};
use crate::call::cache_call::{CacheCall, CallStatus, Ended};
use crate::call::polled_body::BodyKind;
use crate::call::result_policy::{AnyResult, Policy, RunResult};
use crate::call::run_guard::{OldAnswer, Role, RunGuard};
use crate::call::span::{BlockingSpan, Outcome};
use crate::engine::engine::{Engine, EnginePtr};
use crate::engine::typed::TypedEngine;
use crate::entry::entry::{Entry, EntryPtr, UnstoredEntry};
use crate::entry::entry_ref::EntryRef;
use crate::flight::flight::FlightId;
use crate::scope::runners::BlockingBody;
use crate::scope::scope::Scope;
use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

/// A blocking body that is about to run, of a call of a cache with keys `K` and values `V`.
///
/// A run, or an [`AsyncRun`](crate::call::async_run::AsyncRun), exists from the start of its body to its end. A tier below
/// the cache was asked before, by `ask_below`.
#[must_use]
pub struct Run<'c, P, K, V, S: Scope> {
    packed: PackedRun<'c, S>,
    policy: P,
    types: PhantomData<S::Ptr<Entry<K, V>>>,
}

/// The end of a look-up: a [`Run`], or none if there is an [`Answer`](crate::call::answer::Answer).
///
/// It is no `Option`: code that takes a run out of one has the run on its stack twice.
#[must_use]
pub struct Turn<'c, P, K, V, S: Scope>(Option<Run<'c, P, K, V, S>>);

impl<'c, P, K, V, S: Scope> Turn<'c, P, K, V, S> {
    pub(crate) const ANSWERED: Self = Self(None);

    /// Without a run there is an answer.
    #[inline]
    pub(crate) fn new(
        _engine: &TypedEngine<K, V, S>,
        run: Option<PackedRun<'c, S>>,
        policy: P,
    ) -> Self {
        Self(run.map(|packed| Run { packed, policy, types: PhantomData }))
    }

    /// The same turn, whose run drops something at its end.
    #[cold]
    pub(crate) fn finally(self, finally: Box<dyn Any>) -> Self {
        Self(self.0.map(|run| run.finally(finally)))
    }

    /// Whether there is no run.
    #[inline]
    #[must_use]
    pub fn is_answered(&self) -> bool {
        self.0.is_none()
    }

    /// [`Run::finish`].
    #[inline]
    pub fn finish<R>(self, mut result: R) -> R
    where
        P: Policy<R, Stored = V>,
    {
        if let Some(run) = self.0 {
            run.settle(&mut result);
        }
        result
    }
}

impl<'c, P, K, V, S: Scope> Run<'c, P, K, V, S> {
    pub(crate) fn new(_engine: &TypedEngine<K, V, S>, packed: PackedRun<'c, S>, policy: P) -> Self {
        Self { packed, policy, types: PhantomData }
    }

    /// The same run, which drops something at its end.
    #[cold]
    pub(crate) fn finally(self, finally: Box<dyn Any>) -> Self {
        Self { packed: self.packed.finally(finally), ..self }
    }

    /// The second half of a call: stores the result, if the policy does, tells the waiters, and passes the result on.
    #[inline]
    pub fn finish<R>(self, mut result: R) -> R
    where
        P: Policy<R, Stored = V>,
    {
        self.settle(&mut result);
        result
    }

    /// [`finish`](Self::finish), for a call that says how it was answered.
    pub fn finish_call<R>(self, mut result: R) -> CacheCall<R>
    where
        P: Policy<R, Stored = V>,
    {
        let ended = self.end(&mut result);
        CacheCall::of_run(result, ended)
    }

    /// Not inlined: what it needs on the stack would be there while the body runs.
    #[inline(never)]
    fn settle<R>(self, result: &mut R)
    where
        P: Policy<R, Stored = V>,
    {
        self.end(result);
    }

    /// If the run has failed, an old value may take the place of the result.
    #[inline]
    fn end<R>(self, result: &mut R) -> Ended
    where
        P: Policy<R, Stored = V>,
    {
        let Self { packed, policy, .. } = self;
        // Before the policy is asked.
        if packed.is_bypass() {
            return Ended::Run(packed.end_bypass());
        }
        #[expect(unsafe_code, reason = "a run has no types")]
        // SAFETY: the run is of a cache with values `V`.
        let mut ended = unsafe { RunResult::new(&policy, &*result) };
        let (status, old) = packed.finish(&mut ended);
        #[expect(unsafe_code, reason = "a run has no types")]
        // SAFETY: the entries of the run's cache are of these types.
        old.map_or(Ended::Run(status), |old| unsafe { replace::<K, _, _, S>(result, &policy, old) })
    }
}

/// Puts an old value in the place of a result.
///
/// Not inlined: a large value would have its room on the stack of every call.
///
/// # Safety
///
/// The keys and values of the run's cache are of these types.
#[expect(unsafe_code, reason = "a run has no types")]
#[expect(clippy::boxed_local, reason = "it is boxed for the run that ends with it")]
#[cold]
#[inline(never)]
pub(super) unsafe fn replace<K, R, P: Policy<R>, S: Scope>(
    result: &mut R,
    policy: &P,
    old: OldAnswer<S>,
) -> Ended {
    let (old, aged) = *old;
    // SAFETY: by the condition above.
    let old = unsafe { old.typed::<K, P::Stored>() };
    *result = policy.hit(old.value());
    Ended::Old(aged)
}

/// The [guard](RunGuard) of a blocking body and its span, while the body runs.
pub(crate) struct PackedRun<'c, S: Scope> {
    packed: Packed<'c, S>,
    /// Dropped last: then the run is in order, and a subscriber may panic.
    span: BlockingSpan,
}

/// The guard of a blocking body, while the body runs.
struct Packed<'c, S: Scope> {
    /// The entry, of which this is an owner; or a [`Boxed`]; or [`NO_RUN`].
    what: NonNull<()>,
    /// A lease, if there is an entry: the flight is the guard's own then.
    engine: Option<NonNull<Engine<S>>>,
    guard: PhantomData<RunGuard<'c, S>>,
}

/// Its address stands for the body of a call that bypasses its cache: there is no guard.
static NO_RUN: u64 = 0;

/// A guard that leads no flight, or has something to drop at its end. Its fields are dropped in this order.
#[expect(dead_code, reason = "some fields are only dropped")]
struct Boxed<'c, S: Scope> {
    guard: RunGuard<'c, S>,
    lease: Lease<S>,
    finally: Option<Box<dyn Any>>,
}

/// Keeps the engine of a run alive, where that is needed.
struct Lease<S: Scope>(NonNull<Engine<S>>);

impl<S: Scope> Lease<S> {
    #[inline]
    fn new(engine: &EnginePtr<S>) -> Self {
        Self(S::retain(engine))
    }
}

impl<S: Scope> Drop for Lease<S> {
    #[inline]
    fn drop(&mut self) {
        #[expect(unsafe_code, reason = "an owner is kept as a pointer")]
        // SAFETY: `Scope::retain` has made it, and it ends only here.
        unsafe {
            S::release(self.0);
        }
    }
}

impl<'c, S: Scope> PackedRun<'c, S> {
    /// The run of this guard starts.
    pub(crate) fn start(mut guard: RunGuard<'c, S>, engine: &EnginePtr<S>) -> Self {
        guard.start();
        Self::traced(Packed::new(guard, Lease::new(engine)), engine)
    }

    /// Starts the run of a flight that has just started, without a guard: to move one about took a good part of
    /// a miss.
    #[inline]
    pub(crate) fn lead(engine: &EnginePtr<S>, entry: UnstoredEntry<S>, timing: Timing) -> Self {
        if S::SHARED {
            // `Packed::unpack` takes it up again.
            std::mem::forget(BlockingBody::enter());
        }
        let started = Started::now(timing);
        Self::traced(Packed::leading(entry.into_ref(), started, Lease::new(engine)), engine)
    }

    /// The body of a call that bypasses its cache.
    pub(crate) fn bypass(engine: &Engine<S>) -> Self {
        let what = NonNull::from(&NO_RUN).cast();
        Self::traced(Packed { what, engine: None, guard: PhantomData }, engine)
    }

    #[inline]
    fn is_bypass(&self) -> bool {
        self.packed.is_bypass()
    }

    #[cold]
    fn end_bypass(self) -> CallStatus {
        self.span.end(|| Outcome::Bypassed);
        CallStatus::Bypassed
    }

    /// The run in a span of its own. If the subscriber panics, the run is given up.
    #[inline]
    fn traced(packed: Packed<'c, S>, engine: &Engine<S>) -> Self {
        let span = BlockingSpan::enter(&engine.parameters);
        Self { packed, span }
    }

    /// The same run, which drops something at its end.
    pub(crate) fn finally(self, finally: Box<dyn Any>) -> Self {
        if self.is_bypass() {
            // The body needs no cache.
            drop(finally);
            return self;
        }
        let Self { packed, span } = self;
        let boxed = Boxed { finally: Some(finally), ..packed.unpack() };
        Self { packed: Packed::boxed(boxed), span }
    }

    /// Stores the result, if the policy does, and tells the waiters. The result is of the engine's type. Returns how the
    /// call is answered: by the result with this status, or by an old value if there is one.
    pub(crate) fn finish(self, result: &mut dyn AnyResult) -> (CallStatus, Option<OldAnswer<S>>) {
        let Self { packed, span } = self;
        if packed.is_compact() && packed.land_in_compact(result) {
            packed.recycle();
            span.end(|| Outcome::Stored);
            return (CallStatus::Miss, None);
        }
        let mut boxed = packed.unpack();
        let refusal = boxed.guard.finish(result);
        span.end(|| refusal.unwrap_or_else(|| boxed.guard.outcome()));
        (boxed.guard.status(), boxed.guard.take_old_answer())
    }
}

impl<'c, S: Scope> Packed<'c, S> {
    /// The run of this guard has started.
    fn new(guard: RunGuard<'c, S>, lease: Lease<S>) -> Self {
        if !guard.leads() {
            return Self::boxed(Boxed { guard, lease, finally: None });
        }
        // Besides the entry, a leading guard owns a body, which goes on.
        let guard = ManuallyDrop::new(guard);
        Self::leading(guard.entry.entry_ref(), guard.started, lease)
    }

    /// Takes over one owner of the entry.
    #[inline]
    fn leading(entry: EntryRef, started: Started, lease: Lease<S>) -> Self {
        entry.set_started(started);
        let engine = Some(ManuallyDrop::new(lease).0);
        Self { what: entry.as_non_null().cast(), engine, guard: PhantomData }
    }

    /// Whether the run is of a [compact](crate::store::compact) cache, and leads.
    #[inline]
    fn is_compact(&self) -> bool {
        self.engine.is_some_and(|engine| {
            #[expect(unsafe_code, reason = "a run is packed")]
            // SAFETY: the lease lasts as long as this.
            unsafe {
                engine.as_ref().core.is_compact()
            }
        })
    }

    /// [`land_compact`](Self::land_compact), which is not inlined where other caches would pay for that.
    #[inline]
    fn land_in_compact(&self, result: &mut dyn AnyResult) -> bool {
        if S::SHARED { self.land_shared_compact(result) } else { self.land_compact(result) }
    }

    #[inline(never)]
    fn land_shared_compact(&self, result: &mut dyn AnyResult) -> bool {
        self.land_compact(result)
    }

    /// Lands the run of such a cache in the common way. Returns whether it does.
    #[inline]
    fn land_compact(&self, result: &mut dyn AnyResult) -> bool {
        let Some(engine) = self.engine else { return false };
        #[expect(unsafe_code, reason = "a run is packed")]
        // SAFETY: as in `unpack`. The lease lasts as long as this, which still owns the entry.
        let (engine, entry) = unsafe {
            let engine = engine.as_ref();
            let entry = EntryPtr::from_ref(EntryRef::new(self.what.cast()), engine.types());
            (engine, ManuallyDrop::new(entry))
        };
        result.is_stored()
            && engine.land_compact(&entry, entry.started().ran(), &mut |to| result.write(to))
    }

    /// Keeps the memory of an entry that has landed as a compact one.
    #[inline]
    fn recycle(self) {
        let this = ManuallyDrop::new(self);
        let Some(engine) = this.engine else { return };
        let lease = Lease::<S>(engine);
        #[expect(unsafe_code, reason = "a run is packed")]
        // SAFETY: as in `unpack`.
        let (engine, entry) = unsafe { (lease.0.as_ref(), EntryRef::new(this.what.cast())) };
        engine.recycle([entry]);
        // The body is left, as by the guard that `unpack` makes.
        drop(S::SHARED.then(BlockingBody::entered));
    }

    fn boxed(boxed: Boxed<'c, S>) -> Self {
        let what = NonNull::from(Box::leak(Box::new(boxed))).cast();
        Self { what, engine: None, guard: PhantomData }
    }

    #[inline]
    fn is_bypass(&self) -> bool {
        self.engine.is_none() && self.what == NonNull::from(&NO_RUN).cast()
    }

    #[inline]
    fn unpack(self) -> Boxed<'c, S> {
        let this = ManuallyDrop::new(self);
        let Some(engine) = this.engine else { return this.unbox() };
        let lease = Lease(engine);
        #[expect(unsafe_code, reason = "a run is packed")]
        // SAFETY: `leading` has made this from an entry, of which it took over an owner, and from a lease, which
        // lasts as long as what is returned. It is unpacked once. In shared scope the engine is borrowed for `'c`.
        let (entry, engine) = unsafe {
            let entry = EntryRef::new(this.what.cast());
            let engine = engine.as_ref();
            (EntryPtr::from_ref(entry, engine.types()), engine)
        };
        let flight = FlightId { entry: entry.entry_ref(), generation: entry.generation() };
        let guard = RunGuard {
            engine,
            role: Role::Owner,
            flight: Some(flight),
            has_begun: true,
            started: entry.started(),
            entry: UnstoredEntry::new(entry),
            body: BodyKind::Blocking(S::SHARED.then(BlockingBody::entered)),
            held: None,
        };
        Boxed { guard, lease, finally: None }
    }

    #[cold]
    fn unbox(&self) -> Boxed<'c, S> {
        #[expect(unsafe_code, reason = "a run is packed")]
        // SAFETY: `boxed` has made this, and it is unpacked once.
        let boxed = unsafe { Box::from_raw(self.what.cast::<Boxed<'c, S>>().as_ptr()) };
        *boxed
    }
}

impl<S: Scope> Drop for Packed<'_, S> {
    /// The body has panicked, or is not run.
    #[cold]
    #[inline(never)]
    fn drop(&mut self) {
        if !self.is_bypass() {
            drop(Self { what: self.what, engine: self.engine, guard: PhantomData }.unpack());
        }
    }
}

impl<P, K, V, S: Scope> fmt::Debug for Run<'_, P, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Run")
    }
}

impl<P, K, V, S: Scope> fmt::Debug for Turn<'_, P, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Turn")
    }
}

#[cfg(all(test, not(feature = "tracing")))]
mod tests {
    use super::*;
    use crate::call::result_policy::Whole;
    use crate::scope::scope::{Shared, Thread};

    #[test]
    fn a_run_has_two_words() {
        const WORDS: usize = 2 * size_of::<usize>();
        assert_eq!(size_of::<Turn<'_, Whole, String, [u64; 9], Shared>>(), WORDS);
        assert_eq!(size_of::<Turn<'_, Whole, (), (), Thread>>(), WORDS);
    }
}

//! A run of a body: what is done when it ends, and when it does not.
//!
//! A blocking run is a [`Run`], of two words. Memoized functions recurse, and each level has one on its stack.
//! The rest is in the entry, or was noted by the engine. What leads no flight of its own is boxed.
//!
//! Whoever drops the future of a call drops its run: those who wait go on, and one of them runs the body.
//! The run of an async body has a [`Wait`] from its beginning, which sees whether it is polled.

use crate::base::clock::{Clock, Time};
use crate::base::sync::Arc;
use crate::call::result_policy::{Offer, Policy};
use crate::engine::engine::Engine;
use crate::entry::entry::{EntryPtr, UnstoredEntry};
use crate::entry::entry_ref::EntryRef;
use crate::flight::flight::FlightId;
use crate::flight::wait::{Landing, Wait};
use crate::key::lookup::Lookup;
use crate::scope::runners::{BlockingBody, PolledRun, Runner};
use crate::scope::scope::Scope;
use std::any::Any;
use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::pin::{Pin, pin};
use std::ptr::NonNull;
use std::task::{Context, Poll};

/// A body that is about to run on the calling thread.
///
/// It lies on the stack as long as the body runs, and so is small: all that can be known of the entry or the
/// engine is not kept here.
#[must_use]
pub struct Run<'c, P, K, V, S: Scope> {
    packed: Packed<'c, K, V, S>,
    policy: P,
}

/// What a look-up has come to: a [`Run`], or none, and then there is an [`Answer`](crate::call::answer::Answer).
///
/// No `Option`: what is taken out of one is once more on the stack.
#[must_use]
pub struct Turn<'c, P, K, V, S: Scope>(Option<Run<'c, P, K, V, S>>);

impl<'c, P, K, V, S: Scope> Turn<'c, P, K, V, S> {
    pub(crate) const ANSWERED: Self = Self(None);

    #[inline]
    pub(crate) fn run(run: Run<'c, P, K, V, S>) -> Self {
        Self(Some(run))
    }

    pub(crate) fn into_run(self) -> Option<Run<'c, P, K, V, S>> {
        self.0
    }

    /// Whether there is no run.
    #[inline]
    #[must_use]
    pub fn is_answered(&self) -> bool {
        self.0.is_none()
    }

    /// [`Run::finish`].
    #[inline]
    pub fn finish<R>(self, result: R) -> R
    where
        P: Policy<R, Stored = V>,
    {
        if let Some(run) = self.0 {
            run.resolve_keys(&result);
        }
        result
    }
}

/// An async body that is about to run.
#[must_use]
pub struct AsyncRun<'c, P, K, V, S: Scope> {
    guard: RunGuard<'c, K, V, S>,
    policy: P,
}

/// Who runs a body, for which entry.
pub(crate) struct RunGuard<'c, K, V, S: Scope> {
    engine: &'c Engine<K, V, S>,
    pub(crate) entry: UnstoredEntry<K, V, S>,
    equal: fn(&K, &K) -> bool,
    role: Role,
    /// `None` as long as it has not started.
    pub(crate) flight: Option<FlightId>,
    manner: BodyKind,
    /// When, if that is of interest.
    started: Option<Time>,
}

pub(crate) enum Role {
    /// The flight is this run's own.
    Owner,
    /// The flight is another run's, which waits for this one: further up the stack, or in a circle.
    Guest,
    /// The flight is another run's, which this one has waited for too long.
    Helper(Arc<Wait>),
    /// The flight has landed.
    Done,
}

/// How a body runs.
enum BodyKind {
    /// To its end, on the calling thread.
    Blocking(Option<BlockingBody>),
    /// Whenever it is polled. Where others may wait for it, they do so here.
    Polled(Option<Arc<Wait>>),
}

impl BodyKind {
    fn wait(&self) -> Option<&Arc<Wait>> {
        match self {
            Self::Polled(wait) => wait.as_ref(),
            Self::Blocking(_) => None,
        }
    }
}

/// The [guard](RunGuard) of a blocking body, while the body runs.
struct Packed<'c, K, V, S: Scope> {
    /// The entry, of which this is an owner; or a [`Boxed`].
    what: NonNull<()>,
    /// A lease, if it is an entry: the flight is the guard's own then.
    engine: Option<NonNull<Engine<K, V, S>>>,
    guard: PhantomData<RunGuard<'c, K, V, S>>,
}

/// A guard that is no leader, or has something to do in the end. Dropped from the first to the last.
#[expect(dead_code, reason = "some is but dropped")]
struct Boxed<'c, K, V, S: Scope> {
    guard: RunGuard<'c, K, V, S>,
    lease: Lease<K, V, S>,
    finally: Option<Box<dyn Any>>,
}

/// Keeps an engine for a run, if need be.
struct Lease<K, V, S: Scope>(NonNull<Engine<K, V, S>>);

impl<K, V, S: Scope> Lease<K, V, S> {
    #[inline]
    fn new(engine: &S::Ptr<Engine<K, V, S>>) -> Self {
        Self(S::retain(engine))
    }
}

impl<K, V, S: Scope> Drop for Lease<K, V, S> {
    #[inline]
    fn drop(&mut self) {
        #[expect(unsafe_code, reason = "an owner is kept as a pointer")]
        // SAFETY: it was made by `retain`, and is released here alone.
        unsafe {
            S::release(self.0);
        }
    }
}

impl<'c, K, V, S: Scope> Packed<'c, K, V, S> {
    fn new(guard: RunGuard<'c, K, V, S>, engine: &S::Ptr<Engine<K, V, S>>) -> Self {
        let lease = Lease::new(engine);
        if !guard.leads() {
            return Self::boxed(Boxed { guard, lease, finally: None });
        }
        guard.engine.note_equal(guard.equal);
        // What else a leading guard owns is a body, which goes on.
        let guard = ManuallyDrop::new(guard);
        Self::leading(guard.entry.entry_ref(), guard.started, lease)
    }

    /// Of an entry that is owned by what this makes.
    #[inline]
    fn leading(place: EntryRef, started: Option<Time>, lease: Lease<K, V, S>) -> Self {
        place.set_started(started);
        let engine = Some(ManuallyDrop::new(lease).0);
        Self { what: place.as_non_null().cast(), engine, guard: PhantomData }
    }

    fn boxed(boxed: Boxed<'c, K, V, S>) -> Self {
        let what = NonNull::from(Box::leak(Box::new(boxed))).cast();
        Self { what, engine: None, guard: PhantomData }
    }

    /// What is dropped last comes last.
    #[inline]
    fn unpack(self) -> Boxed<'c, K, V, S> {
        let this = ManuallyDrop::new(self);
        let Some(engine) = this.engine else { return this.unbox() };
        let lease = Lease(engine);
        #[expect(unsafe_code, reason = "a run is packed")]
        // SAFETY: this was made by `leading`, of an entry that it owns, and of a lease, which lasts as long as
        // what is returned; and it is unpacked once. In shared scope the engine is borrowed for `'c`.
        let (entry, engine) = unsafe {
            let place = EntryRef::new(this.what.cast());
            (EntryPtr::<K, V, S>::from_ref(place), engine.as_ref())
        };
        let flight = FlightId { place: entry.entry_ref(), generation: entry.generation() };
        let guard = RunGuard {
            engine,
            equal: engine.equal(),
            role: Role::Owner,
            flight: Some(flight),
            started: entry.started(),
            entry: UnstoredEntry::new(entry),
            manner: BodyKind::Blocking(S::SHARED.then(BlockingBody::entered)),
        };
        Boxed { guard, lease, finally: None }
    }

    #[cold]
    fn unbox(&self) -> Boxed<'c, K, V, S> {
        #[expect(unsafe_code, reason = "a run is packed")]
        // SAFETY: this was made by `boxed`, and is unpacked once.
        let boxed = unsafe { Box::from_raw(self.what.cast::<Boxed<'c, K, V, S>>().as_ptr()) };
        *boxed
    }
}

impl<K, V, S: Scope> Drop for Packed<'_, K, V, S> {
    /// The body has panicked, or is not run.
    #[cold]
    #[inline(never)]
    fn drop(&mut self) {
        drop(Self { what: self.what, engine: self.engine, guard: PhantomData }.unpack());
    }
}

impl<'c, P, K, V, S: Scope> Run<'c, P, K, V, S> {
    /// Starts a run.
    pub(crate) fn start(
        mut guard: RunGuard<'c, K, V, S>,
        policy: P,
        engine: &S::Ptr<Engine<K, V, S>>,
    ) -> Self {
        guard.start();
        Self { packed: Packed::new(guard, engine), policy }
    }

    /// Starts that of a flight that has started, in the common case: made in one go, for moving it about took
    /// a good part of what a miss takes.
    #[inline]
    pub(crate) fn alone(
        engine: &S::Ptr<Engine<K, V, S>>,
        entry: UnstoredEntry<K, V, S>,
        equal: fn(&K, &K) -> bool,
        is_measured: bool,
        policy: P,
    ) -> Self {
        if S::SHARED {
            std::mem::forget(BlockingBody::enter());
        }
        engine.note_equal(equal);
        let started = (S::SHARED && is_measured).then(|| Clock::Coarse.reading());
        Self { packed: Packed::leading(entry.into_ref(), started, Lease::new(engine)), policy }
    }

    /// The same run, which drops something in the end.
    pub(crate) fn finally(self, finally: Box<dyn Any>) -> Self {
        let Self { packed, policy } = self;
        let boxed = Boxed { finally: Some(finally), ..packed.unpack() };
        Self { packed: Packed::boxed(boxed), policy }
    }

    /// The second half of a call: stores what the body returned, if it is to be stored, tells those
    /// who wait for it, and passes it on.
    #[inline]
    pub fn finish<R>(self, result: R) -> R
    where
        P: Policy<R, Stored = V>,
    {
        self.resolve_keys(&result);
        result
    }

    /// Not inlined: what it needs on the stack would be there while the body runs.
    #[inline(never)]
    fn resolve_keys<R>(self, result: &R)
    where
        P: Policy<R, Stored = V>,
    {
        let Self { packed, policy } = self;
        let mut boxed = packed.unpack();
        boxed.guard.finish(&policy, result);
    }
}

impl<'c, P, K, V, S: Scope> AsyncRun<'c, P, K, V, S> {
    pub(crate) fn start(mut guard: RunGuard<'c, K, V, S>, policy: P) -> Self {
        guard.start();
        Self { guard, policy }
    }

    /// Polls the body, and does with its result what [`finish`](Run::finish) does.
    #[inline]
    pub async fn drive<R>(self, body: impl Future<Output = R>) -> R
    where
        P: Policy<R, Stored = V>,
    {
        let Self { guard, policy } = self;
        let mut driven = Driven { body: pin!(Some(body)), guard };
        // Where it was polled, the result is finished: it is moved on from there alone.
        poll_fn(move |cx| {
            let polled = driven.poll(cx);
            if let Poll::Ready(result) = &polled {
                driven.drop_body();
                // What is cloned to be stored may call the same function: that is a part of the run.
                let here = driven.guard.wait().map(|wait| PolledRun::enter(wait.owner()));
                driven.guard.finish(&policy, result);
                drop(here);
            }
            polled
        })
        .await
    }
}

/// An async body, as it runs.
struct Driven<'a, 'c, F, K, V, S: Scope> {
    body: Pin<&'a mut Option<F>>,
    /// Dropped after the body is, which tells those who wait to go on.
    guard: RunGuard<'c, K, V, S>,
}

impl<F: Future, K, V, S: Scope> Driven<'_, '_, F, K, V, S> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<F::Output> {
        let body = self.body.as_mut().as_pin_mut().expect("it is there until it is dropped");
        match self.guard.wait() {
            Some(wait) => wait.lead(cx, |cx| body.poll(cx)),
            None => body.poll(cx),
        }
    }
}

impl<F, K, V, S: Scope> Driven<'_, '_, F, K, V, S> {
    /// What is dropped with the body may call the same function: that is no less a part of the run.
    fn drop_body(&mut self) {
        let wait = self.guard.wait();
        let here = wait.map(|wait| PolledRun::enter(wait.owner()));
        self.body.set(None);
        drop(here);
        if let Some(wait) = wait {
            wait.end_leading();
        }
    }
}

impl<F, K, V, S: Scope> Drop for Driven<'_, '_, F, K, V, S> {
    fn drop(&mut self) {
        if self.body.is_some() {
            self.drop_body();
        }
    }
}

impl<'c, K, V, S: Scope> RunGuard<'c, K, V, S> {
    pub(crate) fn new<Q: Lookup<Key = K>>(
        engine: &'c Engine<K, V, S>,
        entry: UnstoredEntry<K, V, S>,
        role: Role,
        flight: Option<FlightId>,
        is_async: bool,
    ) -> Self {
        let is_awaited = engine.parameters.single_flight && matches!(role, Role::Owner);
        let manner = if is_async {
            BodyKind::Polled(is_awaited.then(|| Arc::new(Wait::new(Runner::new_run()))))
        } else {
            BodyKind::Blocking(None)
        };
        Self { engine, entry, equal: Q::equal, role, flight, manner, started: None }
    }

    /// The body is about to run.
    fn start(&mut self) {
        if let BodyKind::Blocking(body) = &mut self.manner {
            *body = S::SHARED.then(BlockingBody::enter);
        }
        self.started = self.is_measured().then(|| Clock::Coarse.reading());
    }

    /// Whether this is the blocking run that its entry was made for.
    fn leads(&self) -> bool {
        matches!(
            (&self.role, self.flight, &self.manner),
            (Role::Owner, Some(_), BodyKind::Blocking(_))
        )
    }

    /// Stores the result, if it is to be stored, and tells those who wait for it.
    fn finish<R, P>(&mut self, policy: &P, result: &R)
    where
        P: Policy<R, Stored = V>,
    {
        let Self { engine, entry, equal, role, flight, started, .. } = &*self;
        let is_own = matches!(role, Role::Owner);
        if let Some(value) = policy.store(result) {
            let run = started.map(|started| Clock::Coarse.reading().since(started));
            if let Some(id) = *flight {
                let value = || P::cloned(value);
                if !engine.land(entry, value, is_own, id, *equal, run) {
                    // The owner is cloning its result. Should that panic, this run is no help: see `drop`.
                    return;
                }
            }
        } else {
            let mut ended = match (role, *flight) {
                (Role::Helper(wait), Some(id)) => engine.reject_help(id, wait),
                (_, flight) => engine.reject(flight.filter(|_| is_own)),
            };
            if let Some(flight) = ended.as_mut().filter(|flight| flight.is_awaited()) {
                flight.landing = match policy.share(result) {
                    // The entry is the owner's still: what is in it may be stored.
                    Offer::Value(_) if !is_own => Landing::Abandoned,
                    Offer::Value(value) => {
                        engine.share(entry, || P::cloned(value));
                        Landing::Value
                    }
                    Offer::Error(error) => Landing::Error(error),
                    Offer::Nothing => Landing::Failed,
                };
            }
        }
        self.role = Role::Done;
    }

    /// Where others wait for this run, if it is async and they may.
    pub(crate) fn wait(&self) -> Option<&Arc<Wait>> {
        self.manner.wait()
    }

    /// Only those who wait want to know how long bodies take.
    fn is_measured(&self) -> bool {
        S::SHARED || matches!(self.manner, BodyKind::Polled(_))
    }
}

impl<K, V, S: Scope> Drop for RunGuard<'_, K, V, S> {
    /// Ends the flight that is still under way when its body has panicked, or was dropped.
    fn drop(&mut self) {
        // It has landed: what was evicted for it has panicked when it was dropped.
        if self.entry.taken().get() {
            return;
        }
        match (&self.role, self.flight) {
            (Role::Owner, Some(id)) => {
                let is_given_up = |wait: Option<&Wait>| wait.is_none_or(Wait::give_up);
                self.engine.give_up(id, is_given_up);
            }
            (Role::Helper(wait), Some(id)) => {
                let is_given_up = |_: Option<&Wait>| wait.give_up_helping();
                if !self.engine.give_up(id, is_given_up) {
                    wait.help_again();
                }
            }
            _ => {}
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

impl<P, K, V, S: Scope> fmt::Debug for AsyncRun<'_, P, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AsyncRun")
    }
}

#[cfg(test)]
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

//! An answer that may take time, for callers that block and for callers that are polled.

use crate::base::alarm::{Alarm, Watched};
use crate::base::background;
use crate::base::catch_panic::{catch_panic, caught};
use crate::base::sync::{self, Instant};
use std::fmt;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// A value that a tier will give. A blocking caller waits for it, an async one polls it, on any runtime or none.
///
/// ```
/// use memofn::tier::Pending;
///
/// assert_eq!(Pending::ready(1).wait(), 1);
///
/// // Work that blocks: on the thread that waits, or on a thread of ours for a caller that polls.
/// assert_eq!(Pending::work(0, || 2).wait(), 2);
///
/// // A value that another thread sends.
/// let (promise, pending) = Pending::promised(0);
/// std::thread::spawn(move || promise.keep(3));
/// assert_eq!(pending.wait(), 3);
///
/// // The value that was named for a promise that is dropped.
/// let (promise, pending) = Pending::promised(0);
/// drop(promise);
/// assert_eq!(pending.wait(), 0);
/// ```
#[must_use = "nothing happens before it is waited for or polled"]
pub struct Pending<T: Send + 'static> {
    state: State<T>,
    /// Gets the value if nobody waits for it any longer.
    otherwise: Option<Otherwise<T>>,
}

type Otherwise<T> = Box<dyn FnOnce(T) + Send>;

enum State<T> {
    Ready(T),
    /// The work, and the value if it cannot be done.
    Work(Box<dyn FnOnce() -> T + Send>, T),
    Slot(Arc<Slot<T>>),
    Taken,
}

/// Where a value arrives.
struct Slot<T> {
    place: Mutex<Place<T>>,
    arrived: Condvar,
}

struct Place<T> {
    value: Option<T>,
    waker: Option<Waker>,
    /// Nobody waits any longer.
    otherwise: Option<Otherwise<T>>,
}

/// The duty to give a [`Pending`] its value.
pub struct Promise<T> {
    slot: Arc<Slot<T>>,
    if_dropped: Option<T>,
}

impl<T: Send + 'static> Pending<T> {
    /// A value that is there.
    pub fn ready(value: T) -> Self {
        Self::of(State::Ready(value))
    }

    /// The value of work that may block. A caller that waits does it itself. For a caller that polls it is done on one of a
    /// few threads; `if_lost` is the value if too much waits there, or if the work panics.
    pub fn work(if_lost: T, work: impl FnOnce() -> T + Send + 'static) -> Self {
        Self::of(State::Work(Box::new(work), if_lost))
    }

    /// A value that somebody promises; `if_dropped` is the value if the promise is dropped.
    pub fn promised(if_dropped: T) -> (Promise<T>, Self) {
        let place = Mutex::new(Place { value: None, waker: None, otherwise: None });
        let slot = Arc::new(Slot { place, arrived: Condvar::new() });
        let promise = Promise { slot: Arc::clone(&slot), if_dropped: Some(if_dropped) };
        (promise, Self::of(State::Slot(slot)))
    }

    fn of(state: State<T>) -> Self {
        Self { state, otherwise: None }
    }

    /// Blocks until the value is there.
    pub fn wait(mut self) -> T {
        loop {
            if let Some(value) = self.wait_until(None) {
                return value;
            }
        }
    }

    /// Blocks until the value is there, at most for this time. Work is done to its end. `None` if the time is over first.
    #[must_use]
    pub fn wait_for(mut self, at_most: Duration) -> Option<T> {
        let is_sent = matches!(self.state, State::Slot(_));
        // Nothing else looks at the clock.
        self.wait_until(is_sent.then(|| sync::now().checked_add(at_most)).flatten())
    }

    fn wait_until(&mut self, end: Option<Instant>) -> Option<T> {
        match mem::replace(&mut self.state, State::Taken) {
            State::Ready(value) => Some(value),
            State::Work(work, if_lost) => Some(caught(work).unwrap_or(if_lost)),
            State::Slot(slot) => {
                let value = slot.wait_until(end);
                if value.is_none() {
                    self.state = State::Slot(slot);
                }
                value
            }
            State::Taken => None,
        }
    }

    /// The value, if it comes within this time. The time begins with the first poll.
    pub(crate) fn within(self, at_most: Duration) -> Within<T> {
        Within { pending: self, at_most, deadline: None }
    }

    /// Gives the value to `otherwise` if this is dropped without it, as soon as it is there.
    pub(crate) fn or_give(mut self, otherwise: impl FnOnce(T) + Send + 'static) -> Self {
        self.otherwise = Some(Box::new(otherwise));
        self
    }

    /// Has the work done in the background, if it is work, and the value given to `then`.
    pub(crate) fn detach(mut self, then: impl FnOnce(T) + Send + 'static) {
        self.hand_over_work();
        drop(self.or_give(then));
    }

    /// Does the work on this thread, if it is work.
    pub(crate) fn do_work(&mut self) {
        match mem::replace(&mut self.state, State::Taken) {
            State::Work(work, if_lost) => {
                self.state = State::Ready(caught(work).unwrap_or(if_lost));
            }
            other => self.state = other,
        }
    }

    /// Hands work over to a thread.
    fn hand_over_work(&mut self) {
        match mem::replace(&mut self.state, State::Taken) {
            State::Work(work, if_lost) => {
                let (promise, pending) = Self::promised(if_lost);
                self.state = pending.into_state();
                // A job that is given back or panics is dropped, and its promise with it.
                drop(background::TIERS.spawn(Box::new(move || promise.keep(work()))));
            }
            other => self.state = other,
        }
    }

    fn into_state(mut self) -> State<T> {
        mem::replace(&mut self.state, State::Taken)
    }
}

impl<T: Send + 'static> Drop for Pending<T> {
    fn drop(&mut self) {
        let state = mem::replace(&mut self.state, State::Taken);
        let Some(otherwise) = self.otherwise.take() else { return };
        match state {
            State::Ready(value) => otherwise(value),
            State::Slot(slot) => slot.give_to(otherwise),
            State::Work(..) | State::Taken => {}
        }
    }
}

impl<T> Slot<T> {
    fn lock(&self) -> MutexGuard<'_, Place<T>> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_until(&self, end: Option<Instant>) -> Option<T> {
        let mut place = self.lock();
        loop {
            if let Some(value) = place.value.take() {
                return Some(value);
            }
            place = match end {
                None => self.arrived.wait(place).unwrap_or_else(PoisonError::into_inner),
                Some(end) => {
                    let now = sync::now();
                    if end <= now {
                        return None;
                    }
                    let waited = self.arrived.wait_timeout(place, end - now);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    fn put(&self, value: T) {
        let mut place = self.lock();
        if let Some(otherwise) = place.otherwise.take() {
            drop(place);
            return otherwise(value);
        }
        place.value = Some(value);
        let waker = place.waker.take();
        drop(place);
        self.arrived.notify_all();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn give_to(&self, otherwise: Otherwise<T>) {
        let mut place = self.lock();
        match place.value.take() {
            Some(value) => {
                drop(place);
                otherwise(value);
            }
            None => place.otherwise = Some(otherwise),
        }
    }
}

impl<T> Promise<T> {
    /// Gives the value.
    ///
    /// If the caller no longer waits for an [`Answer`](crate::tier::Answer), its lease is given back: this calls
    /// [`Tier::release`](crate::tier::Tier::release) on the same thread. So hold no lock of the tier.
    pub fn keep(mut self, value: T) {
        self.if_dropped = None;
        self.slot.put(value);
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        if let Some(value) = self.if_dropped.take() {
            catch_panic(|| self.slot.put(value));
        }
    }
}

impl<T: Send + 'static> Unpin for Pending<T> {}

impl<T: Send + 'static> Future for Pending<T> {
    type Output = T;

    /// # Panics
    ///
    /// Panics if it is polled after it was ready.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        self.hand_over_work();
        match mem::replace(&mut self.state, State::Taken) {
            State::Ready(value) => Poll::Ready(value),
            State::Slot(slot) => {
                let waker = cx.waker().clone();
                let mut place = slot.lock();
                if let Some(value) = place.value.take() {
                    return Poll::Ready(value);
                }
                let old = place.waker.replace(waker);
                drop(place);
                drop(old);
                self.state = State::Slot(slot);
                Poll::Pending
            }
            State::Work(..) => unreachable!("it was handed over"),
            State::Taken => panic!("a pending value was polled after it was ready"),
        }
    }
}

/// A pending value with a deadline. It is `None` if that passes first.
pub(crate) struct Within<T: Send + 'static> {
    pending: Pending<T>,
    at_most: Duration,
    deadline: Option<Deadline>,
}

struct Deadline {
    at: Instant,
    rings: Arc<Rings>,
    alarm: Alarm,
}

/// The waker of the last poll. It is taken when the alarm rings: a waker is user code, and is not cloned under the lock.
struct Rings(Mutex<Option<Waker>>);

impl Rings {
    fn replace(&self, waker: Option<Waker>) -> Option<Waker> {
        mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), waker)
    }
}

impl Watched for Rings {
    fn look(self: Arc<Self>, _: Alarm, _: Instant) {
        if let Some(waker) = self.replace(None) {
            waker.wake();
        }
    }
}

impl<T: Send + 'static> Future for Within<T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        if let Poll::Ready(value) = Pin::new(&mut self.pending).poll(cx) {
            return Poll::Ready(Some(value));
        }
        let now = sync::now();
        if let Some(deadline) = &self.deadline {
            if deadline.at <= now {
                return Poll::Ready(None);
            }
            drop(deadline.rings.replace(Some(cx.waker().clone())));
            // The alarm may have rung in between, and woken the old waker.
            let is_over = deadline.at <= sync::now();
            return if is_over { Poll::Ready(None) } else { Poll::Pending };
        }
        let Some(at) = now.checked_add(self.at_most) else { return Poll::Pending };
        let rings = Arc::new(Rings(Mutex::new(Some(cx.waker().clone()))));
        let alarm = Alarm::set(at, Arc::clone(&rings) as Arc<dyn Watched>);
        self.deadline = Some(Deadline { at, rings, alarm });
        Poll::Pending
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        drop(self.alarm.cancel());
    }
}

impl<T: Send + 'static> fmt::Debug for Pending<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pending")
    }
}

impl<T> fmt::Debug for Promise<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Promise")
    }
}

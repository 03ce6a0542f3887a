//! An answer that may take time, for callers that block and for callers that are polled.

use crate::base::alarm::{Alarm, Watched};
use crate::base::background;
use crate::base::sync::{self, Instant};
use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// A value that a tier will give. A blocking caller [waits](Self::wait) for it, an async one polls it, on any runtime or none.
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
/// // A promise that is dropped is kept by the value that was named for that.
/// let (promise, pending) = Pending::promised(0);
/// drop(promise);
/// assert_eq!(pending.wait(), 0);
/// ```
#[must_use = "nothing happens before it is waited for or polled"]
pub struct Pending<T>(State<T>);

enum State<T> {
    Ready(T),
    /// The work, and the value if no thread can do it.
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
}

/// The duty to give a [`Pending`] its value.
pub struct Promise<T> {
    slot: Arc<Slot<T>>,
    if_dropped: Option<T>,
}

impl<T: Send + 'static> Pending<T> {
    /// A value that is there.
    pub fn ready(value: T) -> Self {
        Self(State::Ready(value))
    }

    /// The value of work that may block. A caller that waits does it itself. For a caller that polls it is done on one of a
    /// few threads; `if_lost` is the value if too much waits there, or if the work panics.
    pub fn work(if_lost: T, work: impl FnOnce() -> T + Send + 'static) -> Self {
        Self(State::Work(Box::new(work), if_lost))
    }

    /// A value that somebody promises; `if_dropped` is the value if the promise is dropped.
    pub fn promised(if_dropped: T) -> (Promise<T>, Self) {
        let place = Mutex::new(Place { value: None, waker: None });
        let slot = Arc::new(Slot { place, arrived: Condvar::new() });
        let promise = Promise { slot: Arc::clone(&slot), if_dropped: Some(if_dropped) };
        (promise, Self(State::Slot(slot)))
    }

    /// Blocks until the value is there.
    pub fn wait(mut self) -> T {
        loop {
            if let Ok(value) = self.wait_until(None) {
                return value;
            }
        }
    }

    /// Blocks until the value is there, at most for this time. Work is done to its end.
    ///
    /// # Errors
    ///
    /// The time is over. The value may come later.
    pub fn wait_for(mut self, at_most: Duration) -> Result<T, Self> {
        self.wait_until(sync::now().checked_add(at_most)).map_err(|()| self)
    }

    fn wait_until(&mut self, end: Option<Instant>) -> Result<T, ()> {
        match mem::replace(&mut self.0, State::Taken) {
            State::Ready(value) => Ok(value),
            State::Work(work, _) => Ok(work()),
            State::Slot(slot) => {
                let value = slot.wait_until(end);
                self.0 = State::Slot(slot);
                value.ok_or(())
            }
            State::Taken => unreachable!("a value is taken once"),
        }
    }

    /// The value if it comes within this time. The deadline begins with the first poll.
    pub(crate) fn within(self, at_most: Duration) -> Within<T> {
        Within { pending: self, at_most, deadline: None }
    }
}

impl<T> Slot<T> {
    fn wait_until(&self, end: Option<Instant>) -> Option<T> {
        let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
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
        let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        place.value = Some(value);
        let waker = place.waker.take();
        drop(place);
        self.arrived.notify_all();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Promise<T> {
    /// Gives the value.
    pub fn keep(mut self, value: T) {
        self.if_dropped = None;
        self.slot.put(value);
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        if let Some(value) = self.if_dropped.take() {
            self.slot.put(value);
        }
    }
}

impl<T> Unpin for Pending<T> {}

impl<T: Send + 'static> Future for Pending<T> {
    type Output = T;

    /// # Panics
    ///
    /// Panics if it is polled after it was ready.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        if let State::Work(..) = self.0 {
            let State::Work(work, if_lost) = mem::replace(&mut self.0, State::Taken) else {
                unreachable!("it was just seen")
            };
            let (promise, Self(slot)) = Self::promised(if_lost);
            self.0 = slot;
            // A job that is given back is dropped, and its promise with it.
            drop(background::spawn(Box::new(move || promise.keep(work()))));
        }
        match mem::replace(&mut self.0, State::Taken) {
            State::Ready(value) => Poll::Ready(value),
            State::Slot(slot) => {
                let mut place = slot.place.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(value) = place.value.take() {
                    return Poll::Ready(value);
                }
                let old = place.waker.replace(cx.waker().clone());
                drop(place);
                drop(old);
                self.0 = State::Slot(slot);
                Poll::Pending
            }
            State::Work(..) => unreachable!("it was handed over"),
            State::Taken => panic!("a pending value was polled after it was ready"),
        }
    }
}

/// A pending value with a deadline. It is `None` if that passes first.
pub(crate) struct Within<T> {
    pending: Pending<T>,
    at_most: Duration,
    deadline: Option<Deadline>,
}

struct Deadline {
    at: Instant,
    rings: Arc<Rings>,
    alarm: Alarm,
}

/// The waker of whoever polls last.
struct Rings(Mutex<Waker>);

impl Watched for Rings {
    fn look(self: Arc<Self>, _: Alarm, _: Instant) {
        let waker = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        waker.wake();
    }
}

impl<T: Send + 'static> Within<T> {
    /// Blocks until the value is there or the time is over.
    pub(crate) fn wait(self) -> Option<T> {
        self.pending.wait_for(self.at_most).ok()
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
            let mut waker = deadline.rings.0.lock().unwrap_or_else(PoisonError::into_inner);
            waker.clone_from(cx.waker());
            return Poll::Pending;
        }
        let Some(at) = now.checked_add(self.at_most) else { return Poll::Pending };
        let rings = Arc::new(Rings(Mutex::new(cx.waker().clone())));
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

impl<T> fmt::Debug for Pending<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pending")
    }
}

impl<T> fmt::Debug for Promise<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Promise")
    }
}

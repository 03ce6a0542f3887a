//! The operations of steps, on the cache and on its model.

use super::super::actors::{Key, Value};
use super::super::model::Model;
use super::super::program::{Hook, Op};
use super::run::clock;
use super::{Event, Handle, Machine, Next, of, on};
use memo_runtime::CacheEntry;
use memo_runtime::scope::Scope;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

impl Machine {
    fn key(&self, key: u8) -> Key {
        Key::new(key, self.settings.hashes, &self.ledger)
    }

    /// Does the operation of a step.
    pub(super) fn perform(&self, op: Op, k: u8) {
        match op {
            Op::Get => {
                let key = self.key(k);
                self.call(k, || {
                    Some(of!(self.cache, cache => cache.get_or_compute(key, || self.body(k))))
                });
            }
            Op::GetByRef => {
                let key = self.key(k);
                self.call(k, || {
                    Some(of!(self.cache, cache => cache.get_or_compute_by_ref(&key, || self.body(k))))
                });
            }
            Op::Try => {
                let key = self.key(k);
                let body = || Ok::<_, ()>(self.body(k));
                self.call(k, || of!(self.cache, cache => cache.get_or_try_compute(key, body)).ok());
            }
            Op::Fail => {
                let key = self.key(k);
                let body = || {
                    self.runs(k);
                    if let Some(Next::Run(run)) = self.frame(|frame| frame.next) {
                        self.plan(Next::End(run));
                    }
                    Err(())
                };
                self.call(k, || of!(self.cache, cache => cache.get_or_try_compute(key, body)).ok());
            }
            Op::Async => {
                let key = self.key(k);
                let body = async || {
                    pause().await;
                    self.body(k)
                };
                self.call(k, || {
                    Some(of!(self.cache, cache => block_on(cache.get_or_compute_async(key, body))))
                });
            }
            Op::Cancel => self.cancel(k),
            Op::Insert => {
                let (key, value) = (self.key(k), Value::new(k, &self.ledger));
                self.plan(Next::Insert(k, value.version()));
                of!(self.cache, cache => cache.insert(key, value));
                self.commit();
            }
            Op::Remove => {
                let key = self.key(k);
                self.plan(Next::Remove(k));
                let removed = of!(self.cache, cache => cache.remove(&key));
                self.commit();
                self.check(k, removed.as_ref());
            }
            Op::Peek => {
                let key = self.key(k);
                let expected = self.exact(|model| model.version(k));
                let found = of!(self.cache, cache => cache.peek(&key));
                self.check(k, found.as_ref());
                self.expect(k, expected, found.map(|it| it.version()));
            }
            Op::Retain => self.retain(k),
            Op::Clear => {
                self.tally.clear();
                self.plan(Next::Clear);
                of!(self.cache, cache => cache.clear());
                self.commit();
            }
            Op::Iterate => self.iterate(),
            Op::Len => {
                let len = of!(self.cache, cache => cache.len());
                let expected = self.exact(|model| model.contents().len());
                if expected.is_some_and(|it| it != len) && !self.fired() {
                    self.ledger
                        .fault(format!("{len} entries are held, and should be {expected:?}"));
                }
            }
            Op::Handle => match &self.cache {
                Handle::Shared(cache) => drop(cache.clone()),
                Handle::Thread(cache) => drop(cache.clone()),
            },
            Op::Advance => {
                clock().advance(Duration::from_secs(k.into()));
                self.model(|model| model.now += u64::from(k));
            }
        }
    }

    /// Makes one call, counts it, and checks its answer.
    fn call(&self, k: u8, call: impl FnOnce() -> Option<Value>) {
        let expected = self.exact(|model| model.version(k));
        let counted = self.tally.begin();
        self.plan(Next::Find(k));
        let value = call();
        counted.returns();
        let is_hit = self.frame(|frame| !frame.ran) == Some(true);
        self.commit();
        self.check(k, value.as_ref());
        let found = value.as_ref().map(Value::version).filter(|_| is_hit);
        self.expect(k, expected, found);
    }

    /// Checks the version that was found, unless a block has run meanwhile.
    #[allow(clippy::option_option, reason = "the outer `None` is unknown, the inner one is absent")]
    fn expect(&self, k: u8, expected: Option<Option<u64>>, found: Option<u64>) {
        if expected.is_some_and(|expected| expected != found) && !self.fired() {
            self.ledger.fault(format!("of {k} version {found:?} was found, and not {expected:?}"));
        }
    }

    fn check(&self, k: u8, value: Option<&Value>) {
        if let Some(key) = value.map(Value::key).filter(|key| *key != k) {
            self.ledger.fault(format!("{k} was answered with the value of {key}"));
        }
    }

    /// A body that makes a value.
    fn body(&self, k: u8) -> Value {
        self.runs(k);
        let value = Value::new(k, &self.ledger);
        if let Some(Next::Run(run)) = self.frame(|frame| frame.next) {
            self.plan(Next::Land(k, value.version(), run));
        }
        value
    }

    /// A body runs, up to its end.
    fn runs(&self, k: u8) {
        self.frame(|frame| frame.ran = true);
        if self.exact(|model| model.version(k)).flatten().is_some() {
            self.ledger.fault(format!("the body of {k} runs although it is stored"));
        }
        if let Some(run) = self.model(|model| model.miss(k)) {
            self.plan(Next::Run(run));
        }
        self.on(Hook::Body, Event::Other);
    }

    /// An async call that is dropped after its first poll.
    fn cancel(&self, k: u8) {
        let key = self.key(k);
        let body = async || {
            let value = self.body(k);
            std::future::pending::<()>().await;
            value
        };
        let counted = self.tally.begin();
        self.plan(Next::Find(k));
        let polled = of!(self.cache, cache => {
            let mut call = Box::pin(cache.get_or_compute_async(key, body));
            let polled = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            if polled.is_pending() {
                let next = self.frame(|frame| frame.next).unwrap_or_default();
                if let Next::Land(_, _, run) = next {
                    self.plan(Next::EndSoon(run));
                }
            }
            drop(call);
            polled
        });
        self.commit();
        if let Poll::Ready(value) = polled {
            counted.returns();
            self.check(k, Some(&value));
        }
    }

    fn retain(&self, mask: u8) {
        of!(self.cache, cache => cache.retain(|key, value| {
            // The entry that was refused before is taken out by now.
            self.commit();
            let id = key.id();
            self.check(id, Some(value));
            on(Hook::Body, Event::Other);
            let keeps = mask >> (id % 8) & 1 == 1;
            if !keeps {
                self.plan(Next::Refuse(id, value.version()));
            }
            keeps
        }));
        self.commit();
    }

    fn iterate(&self) {
        let expected = self.exact(Model::contents);
        let snapshot: Box<dyn Iterator<Item = Box<dyn Entry>>> = match &self.cache {
            Handle::Shared(cache) => {
                Box::new(cache.iter().map(|it| Box::new(it) as Box<dyn Entry>))
            }
            Handle::Thread(cache) => {
                Box::new(cache.iter().map(|it| Box::new(it) as Box<dyn Entry>))
            }
        };
        // A block may have run: expired entries were dropped.
        let is_known = !self.fired();
        let (mut entries, mut seen) = (Vec::new(), Vec::new());
        for entry in snapshot {
            seen.push(entry.see(self));
            if seen.len() == 1 {
                self.on(Hook::Body, Event::Other);
            }
            entry.see(self);
            entries.push(entry);
        }
        if let Some(expected) = expected.filter(|it| is_known && *it != seen) {
            self.ledger.fault(format!("{seen:?} is iterated, and should be {expected:?}"));
        }
    }
}

/// An entry of a cache of either scope.
trait Entry {
    fn see(&self, machine: &Machine) -> (u8, u64);
}

impl<S: Scope> Entry for CacheEntry<Key, Value, S> {
    fn see(&self, machine: &Machine) -> (u8, u64) {
        machine.check(self.key().id(), Some(self.value()));
        (self.key().id(), self.value().version())
    }
}

/// Wakes its task, and is ready when polled again.
async fn pause() {
    let mut paused = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut paused, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

fn block_on<R>(future: impl Future<Output = R>) -> R {
    struct Unpark(thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(result) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return result;
        }
        thread::park();
    }
}

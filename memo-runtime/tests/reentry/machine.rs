//! Runs programs, and checks what comes of them.

use super::actors::{Key, Ledger, Value};
use super::model::{Model, Run, TTL};
use super::program::{Arm, Hook, Op, Program, Settings, Step};
use memo_runtime::scope::{Scope, Thread};
use memo_runtime::testing::Clock;
use memo_runtime::{Cache, CacheEntry, CacheInfo};
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::sync::{Arc, Barrier, OnceLock};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

/// So many keys and values may be alive that no entry has, in a cache that several threads have used.
const LINGERING: i64 = 2 * 64;

thread_local! {
    static MACHINE: RefCell<Option<Rc<Machine>>> = const { RefCell::new(None) };
}

/// What the hooks of objects tell the model.
#[derive(Debug, Clone, Copy)]
pub enum Event {
    /// A value of this version is cloned.
    Clones(u64),
    /// An object is dropped.
    Drops,
    Other,
}

/// User code runs.
pub fn on(hook: Hook, event: Event) {
    let machine = MACHINE.try_with(|it| it.borrow().clone()).ok().flatten();
    if let Some(machine) = machine {
        machine.on(hook, event);
    }
}

/// What a panic of the program throws.
struct Planned;

enum Handle {
    Shared(Cache<Key, Value>),
    Thread(Cache<Key, Value, Thread>),
}

macro_rules! of {
    ($handle:expr, $cache:ident => $act:expr) => {
        match &$handle {
            Handle::Shared($cache) => $act,
            Handle::Thread($cache) => $act,
        }
    };
}

/// One thread that runs steps.
struct Machine {
    cache: Handle,
    settings: Settings,
    ledger: Arc<Ledger>,
    /// The steps under way, the innermost last.
    frames: RefCell<Vec<Frame>>,
    /// Where one thread alone uses the cache.
    model: Option<RefCell<Model>>,
    tally: Tally,
}

/// A step under way.
#[derive(Debug, Default)]
struct Frame {
    arms: Vec<Arm>,
    fired: bool,
    eq_fired: bool,
    /// The body has run.
    ran: bool,
    next: Next,
}

/// What the cache does next that the model has to do too.
#[derive(Debug, Default, Clone, Copy)]
enum Next {
    #[default]
    Nothing,
    /// It finds the key, or starts a run.
    Find(u8),
    /// The body runs.
    Run(Run),
    /// The run lands with a value of this version.
    Land(u8, u64, Run),
    /// The run ends without.
    End(Run),
    /// The same, at a moment that the model does not know.
    EndSoon(Run),
    Insert(u8, u64),
    Remove(u8),
    Clear,
    Refuse(u8, u64),
}

/// The calls since the last clear, which hits and misses are to add up to.
#[derive(Debug, Default)]
struct Tally {
    epoch: Cell<u64>,
    running: Cell<u64>,
    least: Cell<u64>,
    most: Cell<u64>,
}

fn add(cell: &Cell<u64>, number: i64) {
    cell.set(cell.get().checked_add_signed(number).expect("it counts"));
}

/// A call that is counted, until it is dropped.
struct Counted<'a>(&'a Tally, u64);

impl Tally {
    fn begin(&self) -> Counted<'_> {
        add(&self.most, 1);
        add(&self.running, 1);
        Counted(self, self.epoch.get())
    }

    fn clear(&self) {
        add(&self.epoch, 1);
        self.least.set(0);
        self.most.set(self.running.get());
    }
}

impl Counted<'_> {
    fn returns(self) {
        if self.1 == self.0.epoch.get() {
            add(&self.0.least, 1);
        }
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        add(&self.0.running, -1);
    }
}

impl Machine {
    fn model<R>(&self, act: impl FnOnce(&mut Model) -> R) -> Option<R> {
        self.model.as_ref().map(|model| act(&mut model.borrow_mut()))
    }

    /// The same, if it is certain.
    fn exact<R>(&self, act: impl FnOnce(&mut Model) -> R) -> Option<R> {
        let is_exact = self.model(|model| model.lost.is_none())?;
        if is_exact { self.model(act) } else { None }
    }

    fn lose(&self, why: &'static str) {
        self.model(|model| model.lost = model.lost.or(Some(why)));
    }

    fn frame<R>(&self, act: impl FnOnce(&mut Frame) -> R) -> Option<R> {
        self.frames.borrow_mut().last_mut().map(act)
    }

    fn fired(&self) -> bool {
        self.frame(|frame| frame.fired).unwrap_or(false)
    }

    /// Runs what the step under way has for this hook.
    fn on(&self, hook: Hook, event: Event) {
        let Some((next, eq_fired)) = self.frame(|frame| (frame.next, frame.eq_fired)) else {
            return;
        };
        // An entry may be dropped before the cache does what is next: because it has expired, or because it
        // was compared and taken out meanwhile.
        let is_crowded = self.settings.hashes.is_some() || self.settings.ttl;
        let is_ambiguous = eq_fired
            || is_crowded
            || match next {
                Next::EndSoon(_) => true,
                // It may have joined that run, or not yet; or it has found what is stored, and drops its own key
                // before it clones the value.
                Next::Find(key) => {
                    let is_known =
                        |model: &mut Model| model.is_computed(key) || model.version(key).is_some();
                    self.model(is_known) == Some(true)
                }
                _ => false,
            };
        match (event, next) {
            (Event::Clones(version), Next::Find(key)) => {
                self.model(|model| model.hit(key, version));
                self.plan(Next::Nothing);
            }
            (Event::Clones(_), Next::Remove(_)) => self.commit(),
            (Event::Drops, Next::Find(_) | Next::Run(_) | Next::EndSoon(_)) => {}
            // What is dropped now was taken out or replaced by it.
            (Event::Drops, _) if !is_ambiguous => self.commit(),
            _ => {}
        }
        let arm = self.frame(|frame| {
            let at = frame.arms.iter().position(|arm| arm.hook == hook)?;
            if frame.arms[at].skip > 0 {
                frame.arms[at].skip -= 1;
                return None;
            }
            frame.fired = true;
            frame.eq_fired |= hook == Hook::Eq;
            Some(frame.arms.remove(at))
        });
        let Some(arm) = arm.flatten() else { return };
        if is_ambiguous && hook == Hook::Drop {
            self.lose("something was dropped before or after");
        }
        self.ledger.fires();
        self.steps(&arm.steps);
        if arm.panics && !thread::panicking() {
            self.panics();
            if hook == Hook::Drop {
                self.ledger.drop_panics();
            }
            resume_unwind(Box::new(Planned));
        }
    }

    /// The step under way will not do what it was about to.
    fn panics(&self) {
        let next = self.frame(|frame| frame.next).unwrap_or_default();
        self.plan(match next {
            Next::Run(run) => {
                self.model(|model| model.end(run));
                Next::Nothing
            }
            Next::Land(_, _, run) | Next::End(run) | Next::EndSoon(run) => Next::EndSoon(run),
            _ => Next::Nothing,
        });
    }

    fn plan(&self, next: Next) {
        self.frame(|frame| frame.next = next);
    }

    /// The cache has done what was next.
    fn commit(&self) {
        let next = self.frame(|frame| std::mem::take(&mut frame.next)).unwrap_or_default();
        self.model(|model| match next {
            Next::Nothing | Next::Find(_) => {}
            Next::Run(run) | Next::End(run) | Next::EndSoon(run) => model.end(run),
            Next::Land(key, version, run) => model.land(key, version, run),
            Next::Insert(key, version) => model.insert(key, version),
            Next::Remove(key) => model.remove(key),
            Next::Clear => model.clear(),
            Next::Refuse(key, version) => {
                if model.is_computed(key) {
                    model.lost.get_or_insert("a run of what is taken out is under way");
                }
                model.refuse(key, version);
            }
        });
    }

    fn steps(&self, steps: &[Step]) {
        for step in steps {
            self.step(step);
            // What comes after a fault says no more.
            if self.frames.borrow().is_empty() && self.ledger.is_faulty() {
                return;
            }
        }
    }

    fn step(&self, step: &Step) {
        let frame = Frame { arms: step.arms.clone(), ..Frame::default() };
        self.frames.borrow_mut().push(frame);
        let result = catch_unwind(AssertUnwindSafe(|| self.perform(step.op, step.key)));
        self.commit();
        self.frames.borrow_mut().pop();
        match result {
            Err(panic) if panic.is::<Planned>() => {}
            Err(_) => self.ledger.fault(format!("{:?} {} panicked", step.op, step.key)),
            Ok(()) => {}
        }
        self.apart(|| self.inspect());
    }

    /// Does something of which the hooks run nothing.
    fn apart(&self, act: impl FnOnce()) {
        self.frames.borrow_mut().push(Frame::default());
        act();
        self.frames.borrow_mut().pop();
    }

    fn info(&self) -> CacheInfo {
        of!(self.cache, cache => cache.info())
    }

    fn inspect(&self) {
        let len = self.info().currsize;
        if self.settings.maxsize.is_some_and(|maxsize| len > maxsize) {
            self.ledger.fault(format!("{len} entries are held"));
        }
        let is_outermost = self.frames.borrow().len() == 1;
        if self.model.is_none() || !is_outermost {
            return;
        }
        let entries: Vec<_> = of!(self.cache, cache => cache.iter().map(|entry| {
            (entry.key().id(), entry.value().key(), entry.value().version())
        }).collect());
        for (key, of, _) in &entries {
            if key != of {
                self.ledger.fault(format!("{key} has the value of {of}"));
            }
        }
        if entries.len() != len {
            self.ledger.fault(format!("{} entries are iterated, and {len} held", entries.len()));
        }
        let contents: Vec<_> = entries.iter().map(|it| (it.0, it.2)).collect();
        if let Some(Err(why)) = self.model(|model| model.compare(&contents)) {
            self.ledger.fault(why);
        }
        let alive = self.ledger.alive();
        let owned = 2 * i64::try_from(len).expect("it is small");
        if !(owned..=owned + self.ledger.forgotten()).contains(&alive) {
            self.ledger.fault(format!("of {len} entries {alive} keys and values are alive"));
        }
        let CacheInfo { hits, misses, .. } = self.info();
        let Tally { least, most, .. } = &self.tally;
        if !(least.get()..=most.get()).contains(&(hits + misses)) {
            let (least, most) = (least.get(), most.get());
            self.ledger
                .fault(format!("{hits} hits and {misses} misses of {least} to {most} calls"));
        }
        if self.model(|model| model.has_unknown_deadlines()) == Some(true) {
            self.tally.clear();
            of!(self.cache, cache => cache.clear());
            self.model(Model::clear);
        }
    }

    fn key(&self, key: u8) -> Key {
        Key::new(key, self.settings.hashes, &self.ledger)
    }

    /// Does what a step says.
    fn perform(&self, op: Op, k: u8) {
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

    /// One call that is counted, and may run the body.
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

    /// Whether a look has found what it should, if nothing happened meanwhile.
    #[allow(
        clippy::option_option,
        reason = "nothing may be known, and it may be known that there is nothing"
    )]
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

    /// A computation that makes a value.
    fn body(&self, k: u8) -> Value {
        self.runs(k);
        let value = Value::new(k, &self.ledger);
        if let Some(Next::Run(run)) = self.frame(|frame| frame.next) {
            self.plan(Next::Land(k, value.version(), run));
        }
        value
    }

    /// A computation runs, but for its end.
    fn runs(&self, k: u8) {
        self.frame(|frame| frame.ran = true);
        if self.exact(|model| model.version(k)).flatten().is_some() {
            self.ledger.fault(format!("the body of {k} runs, which is stored"));
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
            // The one that was refused before is out.
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
        // What had expired was dropped.
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

/// An entry, of a cache of either scope.
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

/// Time stands still in this process, but for what programs do.
fn clock() -> &'static Clock {
    static CLOCK: OnceLock<&'static Clock> = OnceLock::new();
    CLOCK.get_or_init(|| Box::leak(Box::new(Clock::stop())))
}

/// What comes of a program.
#[derive(Debug)]
pub struct Outcome {
    pub faults: Vec<String>,
    /// How many blocks of user code have run.
    pub fired: usize,
}

/// Runs a program. One at a time: programs move the clock of the process.
pub fn run(program: &Program) -> Outcome {
    let settings = program.settings;
    let ledger = Arc::<Ledger>::default();
    clock();
    let mut builder = Cache::builder().single_flight(settings.single_flight);
    builder = match settings.maxsize {
        Some(maxsize) => builder.maxsize(maxsize),
        None => builder.unbounded(),
    };
    if settings.ttl {
        builder = builder.ttl(Duration::from_secs(TTL));
    }
    match &program.threads[..] {
        [steps] => {
            let cache = if settings.thread_scope {
                Handle::Thread(builder.build_for_thread())
            } else {
                Handle::Shared(builder.build())
            };
            let model = Model::new(settings.maxsize, settings.ttl, settings.single_flight);
            run_steps(cache, settings, &ledger, Some(RefCell::new(model)), steps);
        }
        threads => {
            let (cache, start) = (builder.build(), Barrier::new(threads.len()));
            let tallies: Vec<_> = thread::scope(|scope| {
                let mut spawned = Vec::new();
                for steps in threads {
                    let cache = Cache::clone(&cache);
                    let (ledger, start) = (&ledger, &start);
                    spawned.push(scope.spawn(move || {
                        start.wait();
                        run_steps(Handle::Shared(cache), settings, ledger, None, steps)
                    }));
                }
                let ends = spawned.into_iter().map(thread::ScopedJoinHandle::join);
                ends.map(|end| end.expect("steps catch panics")).collect()
            });
            let CacheInfo { hits, misses, currsize, .. } = cache.info();
            let (least, most) = tallies.iter().fold((0, 0), |(least, most), tally| {
                (least + tally.least.get(), most + tally.most.get())
            });
            let cleared = tallies.iter().any(|tally| tally.epoch.get() > 0);
            if !cleared && !(least..=most).contains(&(hits + misses)) {
                let why = format!("{hits} hits and {misses} misses of {least} to {most} calls");
                ledger.fault(why);
            }
            let lingering = ledger.alive() - 2 * i64::try_from(currsize).expect("it is small");
            if lingering > LINGERING {
                ledger.fault(format!("{lingering} dead keys and values linger"));
            }
        }
    }
    if !ledger.is_settled() {
        ledger.fault(format!("of all keys and values {} are left", ledger.alive()));
    }
    Outcome { faults: ledger.faults(), fired: ledger.fired() }
}

fn run_steps(
    cache: Handle,
    settings: Settings,
    ledger: &Arc<Ledger>,
    model: Option<RefCell<Model>>,
    steps: &[Step],
) -> Tally {
    let frames = RefCell::default();
    let (ledger, tally) = (Arc::clone(ledger), Tally::default());
    let machine = Rc::new(Machine { cache, settings, ledger, frames, model, tally });
    MACHINE.set(Some(Rc::clone(&machine)));
    machine.steps(steps);
    MACHINE.set(None);
    let machine = Rc::into_inner(machine).expect("no step is under way");
    machine.tally
}

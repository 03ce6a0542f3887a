//! Runs the steps of one thread, and the blocks of its hooks, beside a model of the cache.

mod operations;
mod run;
mod tally;

pub use run::{Outcome, run};

use super::actors::{Key, Ledger, Value};
use super::model::{Model, Run};
use super::program::{Arm, Hook, Op, Settings, Step};
use memo_runtime::scope::Thread;
use memo_runtime::{Cache, CacheInfo};
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use tally::Tally;

thread_local! {
    static MACHINE: RefCell<Option<Rc<Machine>>> = const { RefCell::new(None) };
}

/// An event that a hook reports to the model.
#[derive(Debug, Clone, Copy)]
pub enum Event {
    /// A value of this version is cloned.
    Clones(u64),
    /// An object is dropped, or the listener hears of it: what took it out is done.
    Drops,
    Other,
}

/// User code runs: runs the block of this hook, if there is one.
pub fn on(hook: Hook, event: Event) {
    let machine = MACHINE.try_with(|it| it.borrow().clone()).ok().flatten();
    if let Some(machine) = machine {
        machine.on(hook, event);
    }
}

/// The payload of a panic that the program asks for.
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

use of;

/// One thread that runs steps.
struct Machine {
    cache: Handle,
    settings: Settings,
    ledger: Arc<Ledger>,
    /// The steps under way, the innermost last.
    frames: RefCell<Vec<Frame>>,
    /// Only if one thread uses the cache.
    model: Option<RefCell<Model>>,
    tally: Tally,
}

/// A step under way.
#[derive(Debug, Default)]
struct Frame {
    arms: Vec<Arm>,
    fired: bool,
    eq_fired: bool,
    /// Whether the body has run.
    ran: bool,
    next: Next,
}

/// The next change of the cache, which the model has to follow.
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
    /// The run ends without a value.
    End(Run),
    /// The run ends without a value, at a moment that the model does not know.
    EndSoon(Run),
    Insert(u8, u64),
    Remove(u8),
    Clear,
    Refuse(u8, u64),
}

impl Machine {
    fn model<R>(&self, act: impl FnOnce(&mut Model) -> R) -> Option<R> {
        self.model.as_ref().map(|model| act(&mut model.borrow_mut()))
    }

    /// Uses the model if it knows the contents.
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

    /// Runs the block of the current step for this hook.
    fn on(&self, hook: Hook, event: Event) {
        let Some((next, eq_fired)) = self.frame(|frame| (frame.next, frame.eq_fired)) else {
            return;
        };
        // An entry may be dropped before the next change: because it has expired, or because a comparison took it out.
        let is_crowded = self.settings.hashes.is_some() || self.settings.ttl;
        let is_ambiguous = eq_fired
            || is_crowded
            || match next {
                Next::EndSoon(_) => true,
                // It may have joined that run or not. Or it has found the stored entry, and drops its own key before it
                // clones the value.
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
            // The change took out or replaced the object that is dropped now.
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
        if is_ambiguous && matches!(hook, Hook::Drop | Hook::Evict) {
            self.lose("a drop came before or after the change");
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

    /// The current step panics, and does not make its next change.
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

    /// The cache has made its next change: the model follows.
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
                    model.lost.get_or_insert("a run of the key that is taken out is under way");
                }
                model.refuse(key, version);
            }
        });
    }

    fn steps(&self, steps: &[Step]) {
        for step in steps {
            self.step(step);
            // Steps after a fault say nothing more.
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
        // What has expired is left for the next step to find.
        if step.op != Op::Advance {
            self.apart(|| self.inspect());
        }
    }

    /// Acts while no hook runs a block.
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
}

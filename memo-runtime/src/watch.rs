//! Alarms: who waits without blocking a thread has nobody to tell it that it has waited long enough.
//!
//! A thread sees to them, which is there as long as somebody waits in that way, and a little longer.

use crate::sync::{self, Arc, Condvar, Mutex};
use std::collections::BTreeMap;
use std::time::Instant;

/// Something that is looked at when its alarm goes off. It may set another one.
pub(crate) trait Watched: Send + Sync {
    fn look(self: Arc<Self>, alarm: Alarm, now: Instant);
}

/// An alarm that was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Alarm {
    at: Instant,
    number: u64,
}

#[derive(Default)]
struct Watch {
    alarms: BTreeMap<Alarm, Arc<dyn Watched>>,
    numbers: u64,
    /// Until when the watching thread sleeps, if there is one.
    sleeps_until: Option<Instant>,
}

sync::statics! {
    static WATCH: Mutex<Watch> = Mutex::new(Watch {
        alarms: BTreeMap::new(), numbers: 0, sleeps_until: None,
    });
    static SOONER: Condvar = Condvar::new();
}

impl Alarm {
    pub(crate) fn set(at: Instant, watched: Arc<dyn Watched>) -> Self {
        let mut watch = WATCH.lock();
        watch.numbers += 1;
        let alarm = Self { at, number: watch.numbers };
        watch.alarms.insert(alarm, watched);
        match watch.sleeps_until {
            Some(until) if until <= at => {}
            Some(_) => SOONER.notify_all(),
            None if thread::start() => watch.sleeps_until = Some(at),
            // Without threads: the next alarm tries again.
            None => {}
        }
        alarm
    }

    #[cfg(all(test, not(memofn_models)))]
    pub(crate) fn at(self) -> Instant {
        self.at
    }

    /// What is returned is to be dropped when nothing is locked.
    pub(crate) fn cancel(self) -> Option<Arc<dyn Watched>> {
        WATCH.lock().alarms.remove(&self)
    }
}

#[cfg(not(all(test, memofn_models)))]
mod thread {
    use super::{Alarm, SOONER, WATCH, Watch, Watched};
    use crate::contained::contained;
    use crate::sync::{self, Arc};
    use std::time::{Duration, Instant};

    /// How long the thread stays when there is nothing to watch: less than it takes to start one, but for many
    /// in a row.
    const LINGERS: Duration = if cfg!(miri) { Duration::ZERO } else { Duration::from_secs(1) };

    impl Watch {
        /// What is to be looked at now, or how long that has time; `None` when there is nothing to watch
        /// any longer.
        fn next(&mut self, now: Instant, is_idle: bool) -> Option<Next> {
            let next = match self.alarms.first_key_value() {
                Some((alarm, _)) if alarm.at <= now => {
                    self.alarms.pop_first().map(|(alarm, watched)| Next::Look(alarm, watched))
                }
                Some((alarm, _)) => Some(Next::Sleep(alarm.at)),
                None if is_idle => None,
                None => Some(Next::Linger(now + LINGERS)),
            };
            self.sleeps_until = match &next {
                Some(Next::Look(..)) => Some(now),
                Some(Next::Sleep(until) | Next::Linger(until)) => Some(*until),
                None => None,
            };
            next
        }
    }

    enum Next {
        Look(Alarm, Arc<dyn Watched>),
        Sleep(Instant),
        Linger(Instant),
    }

    /// Whether there is one now.
    pub(super) fn start() -> bool {
        std::thread::Builder::new().name("memofn-watch".to_owned()).spawn(watch).is_ok()
    }

    fn watch() {
        let mut watch = WATCH.lock();
        let mut is_idle = false;
        loop {
            let now = sync::now();
            let until = match watch.next(now, is_idle) {
                Some(Next::Look(alarm, watched)) => {
                    drop(watch);
                    // A waker that panics is its executor's affair. The others wait for this thread.
                    contained(|| watched.look(alarm, now));
                    watch = WATCH.lock();
                    continue;
                }
                Some(Next::Sleep(until)) => {
                    is_idle = false;
                    until
                }
                Some(Next::Linger(until)) => {
                    is_idle = true;
                    until
                }
                None => return,
            };
            watch = SOONER.wait_timeout(&WATCH, watch, until - now);
        }
    }
}

/// Models have alarms go off when they like.
#[cfg(all(test, memofn_models))]
mod thread {
    pub(super) fn start() -> bool {
        true
    }
}

/// All alarms go off, whenever they were to.
#[cfg(all(test, memofn_models))]
pub(crate) fn ring(now: Instant) {
    let alarms = std::mem::take(&mut WATCH.lock().alarms);
    for (alarm, watched) in alarms {
        watched.look(alarm, now);
    }
}

/// How many alarms are set.
#[cfg(all(test, memofn_models))]
pub(crate) fn alarms() -> usize {
    WATCH.lock().alarms.len()
}

/// Whether nothing is watched, and no thread is there to do so. In models there never is one.
#[cfg(test)]
pub(crate) fn is_quiet() -> bool {
    let watch = WATCH.lock();
    watch.alarms.is_empty() && (cfg!(memofn_models) || watch.sleeps_until.is_none())
}

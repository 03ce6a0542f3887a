//! Alarms: who waits without blocking a thread has nobody to tell it that it has waited long enough.
//!
//! A thread sees to them, which is there as long as somebody waits in that way, and a little longer.

use crate::base::sync::{self, Arc, Condvar, Instant, Mutex};
use std::collections::BTreeMap;

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
    /// The process that has this thread. A forked child has the memory of its parent and none of its threads.
    process: u32,
}

sync::statics! {
    static WATCH: Mutex<Watch> = Mutex::new(Watch {
        alarms: BTreeMap::new(), numbers: 0, sleeps_until: None, process: 0,
    });
    static SOONER: Condvar = Condvar::new();
}

impl Alarm {
    pub(crate) fn set(at: Instant, watched: Arc<dyn Watched>) -> Self {
        let mut watch = WATCH.lock();
        watch.numbers += 1;
        let alarm = Self { at, number: watch.numbers };
        watch.alarms.insert(alarm, watched);
        let process = thread::process();
        if std::mem::replace(&mut watch.process, process) != process {
            watch.sleeps_until = None;
        }
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
    use crate::base::catch_panic::catch_panic;
    use crate::base::sync::{self, Arc, Instant};
    use std::time::Duration;

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

    /// Names the process that a thread belongs to, where processes can fork.
    pub(super) fn process() -> u32 {
        if cfg!(unix) { std::process::id() } else { 0 }
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
                    catch_panic(|| watched.look(alarm, now));
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
    pub(super) fn process() -> u32 {
        0
    }

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

#[cfg(all(test, target_os = "linux", not(miri), not(memofn_models)))]
mod tests {
    #![expect(unsafe_code, reason = "a process is forked")]

    use super::*;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::time::Duration;

    /// Reports that its alarm went off.
    struct Rings(Mutex<Sender<()>>);

    impl Watched for Rings {
        fn look(self: Arc<Self>, _: Alarm, _: Instant) {
            let _ = self.0.lock().send(());
        }
    }

    fn alarm_in(time: Duration) -> (Alarm, Receiver<()>) {
        let (rings, rung) = channel();
        (Alarm::set(sync::now() + time, Arc::new(Rings(Mutex::new(rings)))), rung)
    }

    fn an_alarm_rings() -> bool {
        let (_, rung) = alarm_in(Duration::ZERO);
        rung.recv_timeout(Duration::from_secs(60)).is_ok()
    }

    #[test]
    fn alarms_ring_in_a_child_that_was_forked_while_there_was_a_watch() {
        // The thread stays as long as an alarm is set.
        let (distant, _) = alarm_in(Duration::from_secs(3600));
        assert!(an_alarm_rings());
        // Held while the process forks: no other thread is in there then.
        let watch = WATCH.lock();
        // SAFETY: the child uses locks that nobody holds, and the allocator, which supports a fork.
        let child = unsafe { libc::fork() };
        drop(watch);
        if child == 0 {
            // SAFETY: the first ends the process should it hang, the other ends it without what others have
            // left to be done at its exit.
            unsafe {
                libc::alarm(120);
                libc::_exit(i32::from(!an_alarm_rings()));
            }
        }
        drop(distant.cancel());
        assert!(child > 0, "a process can be forked");
        let mut status = 0;
        // SAFETY: the child is ours, and `status` is there for the call to write to.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert_eq!(status, 0, "no alarm rang in the child");
    }
}

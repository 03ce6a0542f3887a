//! Alarms, for waits that do not block a thread.
//!
//! One thread serves all alarms. It starts with the first alarm and ends a little after the last one. It must not know
//! what is waited for.

use crate::base::process;
use crate::base::sync::{self, Arc, Condvar, Instant, Mutex};
use std::collections::BTreeMap;

/// An object with an alarm. `look` is called when the alarm rings, and may set another one.
pub(crate) trait Watched: Send + Sync {
    fn look(self: Arc<Self>, alarm: Alarm, now: Instant);
}

/// An alarm. The number tells alarms of one instant apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Alarm {
    at: Instant,
    number: u64,
}

#[derive(Default)]
struct Watch {
    alarms: BTreeMap<Alarm, Arc<dyn Watched>>,
    numbers: u64,
    /// The instant until which the thread sleeps; `None` if there is no thread.
    sleeps_until: Option<Instant>,
    /// The process of this thread. A forked child has the memory of its parent, but not the parent's threads.
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
        let process = process::number();
        if std::mem::replace(&mut watch.process, process) != process {
            watch.sleeps_until = None;
        }
        match watch.sleeps_until {
            Some(until) if until <= at => {}
            Some(_) => SOONER.notify_all(),
            None if thread::start() => watch.sleeps_until = Some(at),
            // No thread can be started. The next alarm tries again.
            None => {}
        }
        alarm
    }

    #[cfg(all(test, not(memofn_models)))]
    pub(crate) fn at(self) -> Instant {
        self.at
    }

    /// Drop the result when no lock is held.
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

    /// The thread stays so long after the last alarm. Many alarms in a row share one thread.
    const LINGERS: Duration = if cfg!(miri) { Duration::ZERO } else { Duration::from_secs(1) };

    impl Watch {
        /// The next step of the thread; `None` if it should end.
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

    /// Starts the thread. Says whether it runs.
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
                    // A panic of a waker must not end this thread, which serves the other alarms too.
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

/// A model rings the alarms itself.
#[cfg(all(test, memofn_models))]
mod thread {
    pub(super) fn start() -> bool {
        true
    }
}

/// Rings all alarms, early or not.
#[cfg(all(test, memofn_models))]
pub(crate) fn ring(now: Instant) {
    let alarms = std::mem::take(&mut WATCH.lock().alarms);
    for (alarm, watched) in alarms {
        watched.look(alarm, now);
    }
}

/// The number of alarms that are set.
#[cfg(all(test, memofn_models))]
pub(crate) fn alarms() -> usize {
    WATCH.lock().alarms.len()
}

/// Whether no alarm is set and the thread has ended. A model has no such thread.
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

    /// Sends a message when its alarm rings.
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
    fn alarms_ring_in_a_child_that_was_forked_while_the_thread_ran() {
        // The thread stays as long as an alarm is set.
        let (distant, _) = alarm_in(Duration::from_secs(3600));
        assert!(an_alarm_rings());
        // Held while the process forks, so that the thread is not inside the lock then.
        let watch = WATCH.lock();
        // SAFETY: the child uses only locks that no thread holds, and the allocator, which supports a fork.
        let child = unsafe { libc::fork() };
        drop(watch);
        if child == 0 {
            // SAFETY: `alarm` ends the process if it hangs. `_exit` ends it without the exit handlers of the parent.
            unsafe {
                libc::alarm(120);
                libc::_exit(i32::from(!an_alarm_rings()));
            }
        }
        drop(distant.cancel());
        assert!(child > 0, "a process can be forked");
        let mut status = 0;
        // SAFETY: the child is ours, and `status` is valid for writing.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert_eq!(status, 0, "no alarm rang in the child");
    }
}

//! A few threads that run jobs which nobody waits for.
//!
//! The threads start with the first job and end a little after the last one. It must not know what a job does.

use crate::base::process;
use crate::base::sync::{self, Condvar, Mutex};
use std::collections::VecDeque;

/// A job. A panic of it is printed, as that of any thread, and goes no further.
pub(crate) type Job = Box<dyn FnOnce() + Send>;

/// The most threads at a time.
pub(crate) const THREADS: usize = 4;

/// The most jobs that wait for a thread.
pub(crate) const QUEUE: usize = 1024;

/// A few threads and their queue.
pub(crate) struct Background {
    #[cfg_attr(all(test, memofn_models), allow(dead_code, reason = "a model has no such threads"))]
    name: &'static str,
    pool: Mutex<Pool>,
    more: Condvar,
}

struct Pool {
    jobs: VecDeque<Job>,
    threads: usize,
    /// How many of the threads have no job.
    idle: usize,
    /// The process of the threads. A forked child has the memory of its parent, but not the parent's threads.
    process: u32,
}

sync::statics! {
    static REFRESHES: Background = Background::new("memofn-refresh");
}

/// The threads for bodies of the program that renew values.
pub(crate) fn refreshes() -> &'static Background {
    &REFRESHES
}

/// For the work of tiers: bodies that take long do not hold it up.
#[cfg(feature = "tier")]
pub(crate) static TIERS: Background = Background::new("memofn-tier");

impl Background {
    const fn new(name: &'static str) -> Self {
        let pool = Pool { jobs: VecDeque::new(), threads: 0, idle: 0, process: 0 };
        Self { name, pool: Mutex::new(pool), more: Condvar::new() }
    }

    /// Has a thread run the job soon. Gives it back if too many jobs wait, or if no thread can be started.
    pub(crate) fn spawn(&'static self, job: Job) -> Result<(), Job> {
        let mut pool = self.pool.lock();
        if pool.jobs.len() >= QUEUE {
            return Err(job);
        }
        let process = process::number();
        if std::mem::replace(&mut pool.process, process) != process {
            (pool.threads, pool.idle) = (0, 0);
        }
        if pool.idle <= pool.jobs.len() && pool.threads < THREADS && thread::start(self) {
            pool.threads += 1;
        }
        if pool.threads == 0 {
            return Err(job);
        }
        pool.jobs.push_back(job);
        self.more.notify_all();
        Ok(())
    }
}

#[cfg(not(all(test, memofn_models)))]
mod thread {
    use super::Background;
    use crate::base::catch_panic::catch_panic;
    use crate::base::sync;
    use std::time::Duration;

    /// A thread stays so long after its last job.
    const LINGERS: Duration = if cfg!(miri) { Duration::ZERO } else { Duration::from_secs(1) };

    /// Starts a thread. Says whether it runs.
    pub(super) fn start(background: &'static Background) -> bool {
        let builder = std::thread::Builder::new().name(background.name.to_owned());
        builder.spawn(|| run_jobs(background)).is_ok()
    }

    fn run_jobs(background: &Background) {
        let Background { pool: jobs, more, .. } = background;
        let mut pool = jobs.lock();
        let mut leaves_at = None;
        loop {
            if let Some(job) = pool.jobs.pop_front() {
                drop(pool);
                catch_panic(job);
                pool = jobs.lock();
                leaves_at = None;
                continue;
            }
            let now = sync::now();
            let until = *leaves_at.get_or_insert(now + LINGERS);
            if until <= now {
                pool.threads -= 1;
                return;
            }
            pool.idle += 1;
            pool = more.wait_timeout(jobs, pool, until - now);
            pool.idle -= 1;
        }
    }
}

/// A model has no such threads: it runs the jobs itself.
#[cfg(all(test, memofn_models))]
mod thread {
    pub(super) fn start(_: &super::Background) -> bool {
        false
    }
}

#[cfg(all(test, not(memofn_models)))]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::time::Duration;

    const LONG: Duration = Duration::from_secs(120);

    /// A job that reports its thread, and then waits to be released.
    fn held(begun: &Sender<Option<String>>) -> Sender<()> {
        let (begun, (release, released)) = (begun.clone(), channel());
        let released: Receiver<()> = released;
        let job = move || {
            let _ = begun.send(std::thread::current().name().map(str::to_owned));
            let _ = released.recv_timeout(LONG);
        };
        assert!(refreshes().spawn(Box::new(job)).is_ok(), "there is room");
        release
    }

    // One test, because the pool is one for the process.
    #[test]
    fn a_few_threads_run_all_jobs_and_a_full_queue_gives_a_job_back() {
        let (begun, begins) = channel();
        let mut held_jobs: Vec<_> = (0..THREADS).map(|_| held(&begun)).collect();
        for _ in 0..THREADS {
            let name = begins.recv_timeout(LONG).expect("a thread runs each of the first jobs");
            assert_eq!(name.as_deref(), Some("memofn-refresh"));
        }
        // Each thread has a job now: these wait.
        let (done, dones) = channel();
        for i in 0..QUEUE {
            let done = done.clone();
            let job = move || {
                let _ = done.send(i);
                assert!(i % 512 != 0, "a panic ends its job alone: i is {i}");
            };
            assert!(refreshes().spawn(Box::new(job)).is_ok());
        }
        assert!(begins.try_recv().is_err(), "there are no more threads");
        let sent = done.clone();
        let back = refreshes().spawn(Box::new(move || sent.send(QUEUE).unwrap_or(()))).err();
        back.expect("the queue is full")();
        assert_eq!(dones.recv_timeout(LONG), Ok(QUEUE), "the job that came back is whole");
        held_jobs.clear();
        let mut ran: Vec<_> = (0..QUEUE).map_while(|_| dones.recv_timeout(LONG).ok()).collect();
        ran.sort_unstable();
        assert_eq!(ran, (0..QUEUE).collect::<Vec<_>>());
    }
}

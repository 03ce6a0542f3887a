//! Waiting for the run of another party, without ever waiting in a circle.

use crate::base::sync::{self, Arc, Mutex};
use crate::flight::stall::Follower;
use crate::flight::wait::{Wait, Waited};
use crate::scope::runners::Runner;
use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

sync::statics! {
    static WAITS: Mutex<Waits> = Mutex::new(Waits { of: BTreeMap::new(), numbers: 0 });
}

/// The waits of each party. A thread has one at a time, an async run may have several side by side.
/// Each run has one owner, so that the way leads from one party to the next.
struct Waits {
    of: BTreeMap<Runner, Vec<Numbered>>,
    numbers: u64,
}

type Numbered = (u64, Arc<Wait>);

/// Parties that wait, as long as they do.
#[derive(Debug)]
pub(crate) struct Waiting {
    number: u64,
    parties: Vec<Runner>,
}

impl Waiting {
    /// Lets them wait unless one of them would wait for itself, through others.
    pub(crate) fn unless_cyclic(wait: &Arc<Wait>, parties: Vec<Runner>) -> Option<Self> {
        // Nobody can wait for nobody.
        if parties.is_empty() {
            return Some(Self { number: 0, parties });
        }
        let mut waits = WAITS.lock();
        let (mut met, mut ahead) = (BTreeSet::new(), vec![wait]);
        while let Some(wait) = ahead.pop() {
            let owner = wait.owner();
            // A flight that has landed holds nobody up, though its waiters may not have left yet.
            if wait.has_landed() || !met.insert(owner) {
                continue;
            }
            if parties.contains(&owner) {
                return None;
            }
            ahead.extend(waits.of.get(&owner).into_iter().flatten().map(|it| &it.1));
        }
        waits.numbers += 1;
        let number = waits.numbers;
        for party in &parties {
            waits.of.entry(*party).or_default().push((number, Arc::clone(wait)));
        }
        Some(Self { number, parties })
    }

    /// Whether it is these parties that wait.
    pub(crate) fn is_of(&self, parties: &[Runner]) -> bool {
        self.parties == parties
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if self.parties.is_empty() {
            return;
        }
        let mut ended = Vec::new();
        let mut waits = WAITS.lock();
        for party in &self.parties {
            let Some(of) = waits.of.get_mut(party) else { continue };
            if let Some(at) = of.iter().position(|it| it.0 == self.number) {
                ended.push(of.swap_remove(at));
            }
            if of.is_empty() {
                waits.of.remove(party);
            }
        }
        drop(waits);
        // An error a landing carries is the user's: dropped after the lock is released.
        drop(ended);
    }
}

/// Blocks the calling thread until the wait ends.
pub(crate) fn block(wait: &Arc<Wait>, patience: Duration) -> Waited {
    match Waiting::unless_cyclic(wait, Runner::blocked_here()) {
        Some(_waiting) => wait.block(patience),
        None => Waited::Circular,
    }
}

/// Waits without blocking a thread.
#[derive(Debug)]
pub(crate) struct Following {
    wait: Arc<Wait>,
    follower: Follower,
    waiting: Option<Waiting>,
}

impl Following {
    pub(crate) fn new(wait: Arc<Wait>, patience: Duration) -> Self {
        Self { wait, follower: Follower::new(patience), waiting: None }
    }
}

impl Future for Following {
    type Output = Waited;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Waited> {
        let Self { wait, follower, waiting } = &mut *self;
        // It may be polled from elsewhere than before.
        let parties = Runner::suspended_here();
        if !waiting.as_ref().is_some_and(|it| it.is_of(&parties)) {
            *waiting = None;
            *waiting = Waiting::unless_cyclic(wait, parties);
        }
        match waiting {
            Some(_) => wait.poll(follower, cx),
            None => Poll::Ready(Waited::Circular),
        }
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.wait.leave(&self.follower);
    }
}

/// Whether no party waits.
#[cfg(test)]
pub(crate) fn is_quiet() -> bool {
    WAITS.lock().of.is_empty()
}

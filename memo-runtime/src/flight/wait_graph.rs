//! The graph of waits: it keeps runners from waiting in a circle.
//!
//! It knows which runner waits for which. A wait that would close a cycle ends at once. It must not know why a
//! caller waits.

use crate::base::sync::{self, Arc, Mutex};
use crate::flight::poll::Follower;
use crate::flight::wait::{Wait, Waited};
use crate::scope::runners::Runner;
use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

sync::statics! {
    static GRAPH: Mutex<Graph> = Mutex::new(Graph { waits: BTreeMap::new(), latest: 0 });
}

/// The waits of each runner. A thread has one at a time, an async run may have several side by side. Each wait
/// leads to one runner, the owner of its run.
struct Graph {
    waits: BTreeMap<Runner, Vec<Numbered>>,
    latest: u64,
}

type Numbered = (u64, Arc<Wait>);

/// Some runners wait, until this is dropped.
#[derive(Debug)]
struct Waiting {
    number: u64,
    runners: Vec<Runner>,
}

impl Waiting {
    /// Adds the wait of these runners to the graph. `None` if one of them would wait for itself, perhaps through
    /// others.
    fn unless_cyclic(wait: &Arc<Wait>, runners: Vec<Runner>) -> Option<Self> {
        // A wait that holds up no runner closes no cycle.
        if runners.is_empty() {
            return Some(Self { number: 0, runners });
        }
        let mut graph = GRAPH.lock();
        let (mut visited, mut ahead) = (BTreeSet::new(), vec![wait]);
        while let Some(wait) = ahead.pop() {
            let owner = wait.owner();
            // A flight that has landed holds up no runner, even while its waiters have not left.
            if wait.has_landed() || !visited.insert(owner) {
                continue;
            }
            if runners.contains(&owner) {
                return None;
            }
            ahead.extend(graph.waits.get(&owner).into_iter().flatten().map(|it| &it.1));
        }
        graph.latest += 1;
        let number = graph.latest;
        for runner in &runners {
            graph.waits.entry(*runner).or_default().push((number, Arc::clone(wait)));
        }
        Some(Self { number, runners })
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if self.runners.is_empty() {
            return;
        }
        let mut ended = Vec::new();
        let mut graph = GRAPH.lock();
        for runner in &self.runners {
            let Some(waits) = graph.waits.get_mut(runner) else { continue };
            if let Some(at) = waits.iter().position(|it| it.0 == self.number) {
                ended.push(waits.swap_remove(at));
            }
            if waits.is_empty() {
                graph.waits.remove(runner);
            }
        }
        drop(graph);
        // A landing may carry an error of the user, which is dropped without the lock.
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
        // The runners may change from one poll to the next.
        let runners = Runner::suspended_here();
        if waiting.as_ref().is_none_or(|it| it.runners != runners) {
            *waiting = None;
            *waiting = Waiting::unless_cyclic(wait, runners);
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

/// Whether no runner waits.
#[cfg(test)]
pub(crate) fn is_quiet() -> bool {
    GRAPH.lock().waits.is_empty()
}

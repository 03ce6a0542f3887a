//! The life of the connection: a thread that writes and keeps time, and one that connects and reads.

use crate::base::catch_panic::caught;
use crate::tier::event::{self, TierEvent};
use crate::tier::pending::Promise;
use crate::tier::redis::config::Coherence;
use crate::tier::redis::doubtful::Doubtful;
use crate::tier::redis::frames;
use crate::tier::redis::greeting::{Greeted, greet};
use crate::tier::redis::link::Link;
use crate::tier::redis::scripts;
use crate::tier::redis::slots::{Removal, Sent, Slot, Slots};
use crate::tier::redis::state::{LONGEST_PAUSE, Phase, SHORTEST_PAUSE, State, jitter};
use crate::tier::redis::stream::Stream;
use std::io::Read;
use std::mem;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

const SILENCE: Duration = Duration::from_secs(2);
const SHORTEST_SILENCE: Duration = Duration::from_millis(400);
/// How often results are dropped that may not get old at all.
const STRICT: Duration = Duration::from_millis(50);

/// Dropped when no lock is held: that wakes callers, who may lock.
#[derive(Default)]
struct Leftovers {
    slots: Vec<Slot>,
    waiters: Vec<(Instant, Promise<()>)>,
}

impl Link {
    // The thread that writes.

    pub(super) fn run(self: &Arc<Self>) {
        let mut buffer = Vec::new();
        loop {
            let mut state = self.lock();
            let is_over =
                state.is_closing && (state.phase != Phase::Up || state.slots.outgoing.is_empty());
            if is_over {
                let leftovers = self.end_connection(&mut state);
                drop(state);
                return drop(leftovers);
            }
            let now = Instant::now();
            let (due, leftovers) = self.tend(&mut state, now);
            if !leftovers.is_empty() {
                drop(state);
                drop(leftovers);
                continue;
            }
            let Some(state) = self.tell(state) else { continue };
            let Some(mut state) = self.drop_what_is_due(state, now) else { continue };
            if state.phase != Phase::Up && !state.is_dialing && state.dial_at <= now {
                state.is_dialing = true;
                drop(state);
                self.dial_on_a_thread();
                continue;
            }
            if state.phase != Phase::Up || state.slots.outgoing.is_empty() {
                let due = state.doubtful.next().map_or(due, |at| at.min(due));
                let wait = due.saturating_duration_since(now);
                let waited = self.changed.wait_timeout(state, wait);
                drop(waited.unwrap_or_else(PoisonError::into_inner));
                continue;
            }
            mem::swap(&mut buffer, &mut state.slots.outgoing);
            let connection = state.connection;
            let stream = state.stream.clone();
            drop(state);
            if let Some(Err(error)) = stream.map(|stream| stream.write_all(&buffer)) {
                self.lost(connection, &format!("it cannot be written to: {error}"));
            }
            buffer.clear();
            buffer.shrink_to(1 << 20);
        }
    }

    /// Tells the program that the server has gone or come back, or that it does not write or does so again. Gives the lock back
    /// if there was nothing to tell.
    fn tell<'s>(&self, mut state: MutexGuard<'s, State>) -> Option<MutexGuard<'s, State>> {
        let is_away =
            state.phase == Phase::Away || state.breaker.is_open() || state.refused.is_some();
        let tells = if is_away { Phase::Away } else { Phase::Up };
        if tells == state.told {
            return Some(state);
        }
        state.told = tells;
        let status = self.status(&state);
        drop(state);
        event::tell(&if is_away { TierEvent::Away { status } } else { TierEvent::Back { status } });
        None
    }

    /// Drops results in memory whose changes the server does not tell. Gives the lock back if none is due.
    fn drop_what_is_due<'s>(
        &self,
        mut state: MutexGuard<'s, State>,
        now: Instant,
    ) -> Option<MutexGuard<'s, State>> {
        if state.drop_at.is_some_and(|at| at <= now) {
            state.drop_at = self.next_drop(now);
            // All of them go now.
            state.doubtful = Doubtful::default();
            drop(state);
            self.followers.forget_all();
            return None;
        }
        if state.doubtful.next().is_none_or(|at| at > now) {
            return Some(state);
        }
        let (spots, functions) = state.doubtful.take(now);
        drop(state);
        for spot in spots {
            self.followers.forget(spot);
        }
        for function in functions {
            self.followers.forget_function(function);
        }
        None
    }

    /// The thread has ended by a mistake. The next question starts another one.
    pub(super) fn stopped(&self) {
        let mut state = self.lock();
        state.runs = false;
        let leftovers = self.end_connection(&mut state);
        drop(state);
        drop(leftovers);
    }

    /// Does what is due. Says when the next is.
    fn tend(&self, state: &mut State, now: Instant) -> (Instant, Leftovers) {
        let mut leftovers = Leftovers::default();
        let is_scan = state.scan_at <= now;
        if is_scan {
            let pause = (self.config.lease / 12).clamp(SHORTEST_PAUSE, LONGEST_PAUSE / 4);
            state.scan_at = now + pause;
            for waiters in state.waiters.values_mut() {
                leftovers.waiters.extend(waiters.extract_those_before(now));
            }
            state.waiters.retain(|_, waiters| !waiters.is_empty());
        }
        if state.phase != Phase::Up {
            let dial_at = if state.is_dialing { now + SILENCE } else { state.dial_at };
            return (state.drop_at.map_or(dial_at, |at| at.min(dial_at)), leftovers);
        }
        let silence = self.silence();
        if state.ping.is_some_and(|ping| ping + silence <= now && state.heard < ping) {
            state.last_error = Some("it does not answer".to_owned());
            leftovers.append(self.end_connection(state));
            return (now, leftovers);
        }
        let silent_at = state.heard + silence;
        let ping_at = state.breaker.probe_at().map_or(silent_at, |at| at.min(silent_at));
        if state.ping.is_none() && ping_at <= now {
            state.ping = Some(now);
            self.send(state, Sent::Ping, None);
        }
        if state.tell_at.is_some_and(|at| at <= now) {
            state.tell_at = None;
            for removal in state.missed.take() {
                self.send(state, Sent::Remove(removal), None);
            }
        }
        let beat = self.config.lease / 3;
        let mut due = state.ping.map_or(ping_at, |ping| ping + silence).max(now + SHORTEST_PAUSE);
        due = state.tell_at.map_or(due, |at| at.min(due));
        let mut renewals = Vec::new();
        let held =
            state.leases.iter_mut().filter(|(_, held)| is_scan && held.renewed + beat <= now);
        for (spot, held) in held {
            held.renewed = now;
            renewals.push(Sent::Renew { spot: *spot, token: held.token });
        }
        for renewal in renewals {
            self.send(state, renewal, None);
        }
        if !state.leases.is_empty() || !state.waiters.is_empty() {
            due = due.min(state.scan_at);
        }
        (due, leftovers)
    }

    /// After so much silence the server is asked whether it is there, and given the same time to answer.
    fn silence(&self) -> Duration {
        match self.config.coherence {
            Coherence::Within(time) => (time / 5 * 2).clamp(SHORTEST_SILENCE, SILENCE),
            Coherence::Strict => SHORTEST_SILENCE,
            Coherence::None => SILENCE,
        }
    }

    /// When all results are dropped, if the server was last heard at this time.
    fn first_drop(&self, heard: Instant, now: Instant) -> Option<Instant> {
        match self.config.coherence {
            Coherence::Within(time) => heard.checked_add(time.max(STRICT)),
            Coherence::Strict => Some(now),
            Coherence::None => None,
        }
    }

    /// When all results are dropped again. Those of runs that end while the server is away are dropped one by one: a drop of all
    /// keeps a run under way from being stored, and so a body that takes longer than `coherence` would never be.
    fn next_drop(&self, now: Instant) -> Option<Instant> {
        (self.config.coherence == Coherence::Strict).then(|| now + STRICT)
    }

    // The thread that connects and reads.

    fn dial_on_a_thread(self: &Arc<Self>) {
        let link = Arc::clone(self);
        let dial = move || {
            if caught(|| link.dial()).is_none() {
                link.dialed(Some("it said something that could not be handled"));
            }
        };
        let name = "memofn-redis-in".to_owned();
        if let Err(error) = thread::Builder::new().name(name).spawn(dial) {
            self.dialed(Some(&format!("no thread: {error}")));
        }
    }

    fn dial(self: &Arc<Self>) {
        match greet(&self.config) {
            Ok(greeted) => self.serve(greeted),
            Err(why) => self.dialed(Some(&why)),
        }
    }

    /// No connection came of it, or it is over.
    fn dialed(&self, why: Option<&str>) {
        let mut state = self.lock();
        state.is_dialing = false;
        if let Some(why) = why {
            state.last_error = Some(self.config.redacted(why));
        }
        let pause = SHORTEST_PAUSE * 2_u32.pow(state.failures.min(7));
        state.dial_at = Instant::now() + jitter(pause.min(LONGEST_PAUSE));
        state.failures = state.failures.saturating_add(1);
        let leftovers = self.end_connection(&mut state);
        drop(state);
        drop(leftovers);
        self.changed.notify_all();
    }

    fn serve(self: &Arc<Self>, greeted: Greeted) {
        let Greeted { mut stream, mut bytes, hashes } = greeted;
        let writes = stream.try_clone();
        // This process was not told of changes meanwhile.
        self.followers.forget_tags();
        if self.lock().phase == Phase::Away && self.config.coherence != Coherence::None {
            self.followers.forget_all();
        }
        let mut state = self.lock();
        if state.is_closing {
            return;
        }
        let Ok(writes) = writes else {
            drop(state);
            return self.dialed(Some("its socket cannot be shared"));
        };
        let now = Instant::now();
        (state.phase, state.since, state.heard) = (Phase::Up, now, now);
        state.connection += 1;
        (state.ping, state.drop_at, state.tell_at) = (None, None, None);
        state.breaker.answered();
        state.stream = Some(Arc::new(writes));
        self.begin(&mut state, hashes);
        let connection = state.connection;
        drop(state);
        self.changed.notify_all();

        let why = self.read(&mut stream, &mut bytes, connection);
        self.lost(connection, &why);
        self.dialed(None);
    }

    /// Removals that were kept meanwhile come first.
    fn begin(&self, state: &mut State, hashes: scripts::Hashes) {
        let waiting = mem::replace(&mut state.slots, Slots::new(hashes));
        for removal in state.missed.take() {
            self.send(state, Sent::Remove(removal), None);
        }
        state.slots.append(waiting);
    }

    /// Reads until the end. Says why it ended.
    fn read(&self, stream: &mut Stream, bytes: &mut Vec<u8>, connection: u64) -> String {
        let mut chunk = vec![0; 64 << 10];
        loop {
            let mut done = 0;
            loop {
                match frames::read(&bytes[done..]) {
                    Ok(Some((reply, len))) => {
                        done += len;
                        if let Err(why) = self.heard(reply, connection) {
                            return why;
                        }
                    }
                    Ok(None) => break,
                    Err(frames::Garbage) => return "it sent what is no reply".to_owned(),
                }
            }
            bytes.drain(..done);
            if bytes.is_empty() {
                bytes.shrink_to(1 << 20);
            }
            match stream.read(&mut chunk) {
                Ok(0) => return "it has closed the connection".to_owned(),
                Ok(len) => bytes.extend(&chunk[..len]),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return format!("it cannot be read from: {error}"),
            }
        }
    }

    /// The connection is over.
    fn lost(&self, connection: u64, why: &str) {
        let mut state = self.lock();
        if state.connection != connection || state.phase != Phase::Up {
            return;
        }
        state.last_error = Some(self.config.redacted(why));
        let leftovers = self.end_connection(&mut state);
        drop(state);
        drop(leftovers);
        self.changed.notify_all();
    }

    /// Ends the connection. Removals that were not answered are told again on return.
    #[must_use = "it is dropped without the lock"]
    fn end_connection(&self, state: &mut State) -> Leftovers {
        let mut leftovers = Leftovers::default();
        if let Some(stream) = state.stream.take() {
            stream.shut_down();
        }
        let now = Instant::now();
        let was_up = state.phase == Phase::Up;
        if state.phase != Phase::Away {
            (state.phase, state.since) = (Phase::Away, now);
            // The changes that it has not told may be as old as its silence.
            state.drop_at = self.first_drop(if was_up { state.heard } else { now }, now);
        }
        state.ping = None;
        state.slots.outgoing.clear();
        while let Some(slot) = state.slots.pop() {
            let missed = match &slot.sent {
                Sent::Remove(removal) => Some(*removal),
                Sent::Ask { spot, token, .. }
                | Sent::Take { spot, token, .. }
                | Sent::Keep { spot, token: Some(token), .. }
                    if was_up =>
                {
                    Some(Removal::Lease(*spot, *token))
                }
                _ => None,
            };
            if let Some(missed) = missed {
                state.missed.add(missed, || self.followers.functions());
            }
            leftovers.slots.push(slot);
        }
        leftovers.waiters.extend(mem::take(&mut state.waiters).into_values().flatten());
        leftovers
    }
}

impl Leftovers {
    fn is_empty(&self) -> bool {
        self.slots.is_empty() && self.waiters.is_empty()
    }

    fn append(&mut self, mut others: Self) {
        self.slots.append(&mut others.slots);
        self.waiters.append(&mut others.waiters);
    }
}

/// Takes those out whose time is over.
trait Expire {
    fn extract_those_before(&mut self, now: Instant) -> Vec<(Instant, Promise<()>)>;
}

impl Expire for Vec<(Instant, Promise<()>)> {
    fn extract_those_before(&mut self, now: Instant) -> Self {
        let (over, stay) = mem::take(self).into_iter().partition(|(end, _)| *end <= now);
        *self = stay;
        over
    }
}

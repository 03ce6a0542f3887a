//! The connection: a thread that writes and keeps time, and one that connects and reads.

use crate::base::catch_panic::caught;
use crate::tier::event::{self, TierEvent};
use crate::tier::pending::{Pending, Promise};
use crate::tier::redis::breaker::FAILURES;
use crate::tier::redis::config::{Coherence, Config};
use crate::tier::redis::followers::Followers;
use crate::tier::redis::frames::{self, Reply};
use crate::tier::redis::greeting::{Greeted, greet};
use crate::tier::redis::keys::{Named, Names, Parts, Spot, split_value};
use crate::tier::redis::scripts;
use crate::tier::redis::slots::{Removal, Sent, Slot, Slots, Value};
use crate::tier::redis::state::{Held, Phase, State, jitter};
use crate::tier::redis::stream::Stream;
use crate::tier::tier::{Answer, Kept, Lease};
use std::fmt::Write as _;
use std::io::Read;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

const SILENCE: Duration = Duration::from_secs(2);
const SHORTEST_SILENCE: Duration = Duration::from_millis(400);
const SHORTEST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How often results are dropped that may not get old at all.
const STRICT: Duration = Duration::from_millis(50);

pub(crate) struct Link {
    pub(crate) config: Config,
    pub(crate) names: Names,
    pub(crate) followers: Followers,
    state: Mutex<State>,
    changed: Condvar,
}

/// Dropped when no lock is held: that wakes callers, who may lock.
#[derive(Default)]
struct Leftovers {
    slots: Vec<Slot>,
    waiters: Vec<(Instant, Promise<()>)>,
}

fn process() -> u32 {
    if cfg!(unix) { std::process::id() } else { 0 }
}

impl Link {
    pub(crate) fn new(config: Config) -> Arc<Self> {
        Arc::new(Self {
            names: Names::new(&config.namespace),
            config,
            followers: Followers::default(),
            state: Mutex::new(State::new(process())),
            changed: Condvar::new(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let process = process();
        if state.process != process {
            let mut parents = mem::replace(&mut *state, State::new(process));
            drop(parents.stream.take());
            // Its promises are those of threads that this process does not have.
            mem::forget(parents);
        }
        state
    }

    /// The state, with the link at work.
    pub(crate) fn at_work(self: &Arc<Self>) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        if !state.runs {
            let link = Arc::clone(self);
            let name = "memofn-redis".to_owned();
            let run = move || {
                if caught(|| link.run()).is_none() {
                    link.stopped();
                }
            };
            state.runs = thread::Builder::new().name(name).spawn(run).is_ok();
            if !state.runs {
                state.phase = Phase::Away;
            }
        }
        state
    }

    pub(crate) fn look(&self) -> MutexGuard<'_, State> {
        self.lock()
    }

    /// Ends the threads and the connection, once all is written.
    pub(crate) fn close(&self) {
        self.lock().is_closing = true;
        self.changed.notify_all();
    }

    /// Whether a command that needs an answer may be sent.
    pub(crate) fn answers(&self, state: &mut State) -> bool {
        let now = Instant::now();
        let overdue = state.slots.overdue(now, self.config.timeout);
        if overdue >= FAILURES && state.breaker.open(now) {
            self.changed.notify_all();
        }
        state.phase != Phase::Away && !state.breaker.is_open() && !state.slots.is_full()
    }

    /// Sends a command. The link must be [at work](Self::at_work).
    pub(crate) fn send(&self, state: &mut State, sent: Sent, value: Option<&Value<'_>>) {
        let is_first = state.slots.outgoing.is_empty();
        state.slots.push((&self.config, &self.names), sent, value);
        if is_first {
            self.changed.notify_all();
        }
    }

    /// Has the server remove something, now or when it is back.
    pub(crate) fn remove(&self, state: &mut State, removal: Removal) {
        if state.phase == Phase::Away || state.slots.is_full() {
            state.missed.add(removal, || self.followers.functions());
            if state.phase == Phase::Up {
                state.tell_at.get_or_insert_with(|| Instant::now() + LONGEST_PAUSE);
            }
        } else {
            self.send(state, Sent::Remove(removal), None);
        }
    }

    /// One line about it.
    pub(crate) fn status(&self, state: &State) -> String {
        let how = match state.phase {
            Phase::First if state.runs => "connecting",
            Phase::First => "not asked yet",
            Phase::Up if state.breaker.is_open() => "too slow",
            Phase::Up => "connected",
            Phase::Away => "away",
        };
        let mut status = format!("{}: {how}", self.config);
        let numbers = [
            (state.slots.len(), "waiting"),
            (state.missed.len(), "removals to be told"),
            (state.leases.len(), "leases"),
        ];
        for (number, what) in numbers.into_iter().filter(|(number, _)| *number > 0) {
            let _ = write!(status, ", {number} {what}");
        }
        if let Some(error) = &state.last_error {
            let _ = write!(status, ", last error: {error}");
        }
        status
    }

    // The thread that writes.

    fn run(self: &Arc<Self>) {
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
            let is_away = state.phase == Phase::Away || state.breaker.is_open();
            let tells = if is_away { Phase::Away } else { Phase::Up };
            if tells != state.told {
                state.told = tells;
                let status = self.status(&state);
                drop(state);
                event::tell(&if is_away {
                    TierEvent::Away { status }
                } else {
                    TierEvent::Back { status }
                });
                continue;
            }
            if state.drop_at.is_some_and(|at| at <= now) {
                state.drop_at = self.next_drop(now);
                drop(state);
                self.followers.forget_all();
                continue;
            }
            if state.phase != Phase::Up && !state.is_dialing && state.dial_at <= now {
                state.is_dialing = true;
                drop(state);
                self.dial_on_a_thread();
                continue;
            }
            if state.phase != Phase::Up || state.slots.outgoing.is_empty() {
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

    /// The thread has ended by a mistake. The next question starts another one.
    fn stopped(&self) {
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

    fn next_drop(&self, now: Instant) -> Option<Instant> {
        match self.config.coherence {
            Coherence::Within(time) => now.checked_add(time.max(STRICT)),
            Coherence::Strict => Some(now + STRICT),
            Coherence::None => None,
        }
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
    fn read(self: &Arc<Self>, stream: &mut Stream, bytes: &mut Vec<u8>, connection: u64) -> String {
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

    fn heard(self: &Arc<Self>, reply: Reply, connection: u64) -> Result<(), String> {
        let now = Instant::now();
        let mut state = self.lock();
        if state.connection != connection || state.phase != Phase::Up {
            return Err("the connection was given up".to_owned());
        }
        state.heard = now;
        if let Reply::Push(parts) = reply {
            drop(state);
            self.pushed(parts);
            return Ok(());
        }
        let Some(slot) = state.slots.pop() else {
            return Err("it sent a reply to no command".to_owned());
        };
        let has_changed = if slot.is_late(now, self.config.timeout) {
            state.breaker.failed(slot.since, now)
        } else {
            state.failures = 0;
            state.breaker.answered()
        };
        if has_changed {
            self.changed.notify_all();
        }
        if let Reply::Error(error) = &reply {
            state.last_error = Some(self.config.redacted(error));
            if error.starts_with("READONLY") {
                drop(state);
                // Another server may have this name by now.
                return Err(error.clone());
            }
            if error.starts_with("NOSCRIPT") {
                self.reload(&mut state);
            }
        }
        drop(state);
        self.answered(slot.sent, reply);
        Ok(())
    }

    /// The server has lost the scripts. Until it has them again, they are sent in full.
    fn reload(&self, state: &mut State) {
        if state.slots.hashes.iter().all(Option::is_none) {
            return;
        }
        state.slots.hashes = scripts::Hashes::default();
        for script in scripts::KEPT {
            self.send(state, Sent::Load(script), None);
        }
    }

    fn answered(&self, sent: Sent, reply: Reply) {
        let is_no_script = matches!(&reply, Reply::Error(error) if error.starts_with("NOSCRIPT"));
        match sent {
            Sent::Ask { .. } | Sent::Renew { .. } | Sent::Remove(_) if is_no_script => {
                let mut state = self.lock();
                if state.phase == Phase::Up {
                    self.send(&mut state, sent, None);
                } else {
                    drop(state);
                    drop(sent);
                }
            }
            Sent::Ask { spot, token, promise, .. } => {
                let answer = self.answer(spot, token, reply);
                promise.keep(answer);
            }
            Sent::Keep { spot, token, tags, promise } => {
                if reply == Reply::Number(1) {
                    // The script has read the tags.
                    self.followers.note_tags(spot, &tags);
                }
                promise.keep(self.kept(spot, token, &reply));
            }
            Sent::Watch { born, tags } => self.watched(born, &tags, &reply),
            Sent::Remove(removal) => {
                if matches!(reply, Reply::Error(_)) && !matches!(removal, Removal::Lease(..)) {
                    let mut state = self.lock();
                    state.missed.add(removal, || self.followers.functions());
                    state.tell_at.get_or_insert_with(|| Instant::now() + LONGEST_PAUSE);
                }
            }
            Sent::Renew { spot, token } => {
                if reply == Reply::Number(0) {
                    self.lock().end_lease(spot, token);
                }
            }
            Sent::Load(script) => {
                let hash = match reply {
                    Reply::Text(hash) => String::from_utf8(hash).ok(),
                    _ => None,
                };
                self.lock().slots.hashes[script as usize] = hash;
            }
            Sent::Ping => self.lock().ping = None,
            Sent::Flush(promise) => promise.keep(!matches!(reply, Reply::Error(_))),
        }
    }

    fn answer(&self, spot: Spot, token: u128, reply: Reply) -> Answer {
        match reply {
            Reply::Text(value) => {
                let Parts { born, tags, record } = split_value(value);
                let tags = self.followers.note_tags(spot, &tags);
                if !tags.is_empty() {
                    let mut state = self.lock();
                    self.send(&mut state, Sent::Watch { born, tags }, None);
                }
                Answer::Hit(record)
            }
            Reply::Number(1) => {
                let held = Held { token, renewed: Instant::now() };
                self.lock().leases.insert(spot, held);
                // The link's thread renews it.
                self.changed.notify_all();
                Answer::Yours(Lease(token))
            }
            Reply::List(parts) => {
                let [Reply::Number(millis)] = parts[..] else { return Answer::Away };
                let rest = Duration::from_millis(u64::try_from(millis).unwrap_or(0));
                let rest = rest.min(Duration::from_secs(86_400));
                let rest = rest + jitter((rest / 10).max(SHORTEST_PAUSE));
                let (promise, pushed) = Pending::promised(());
                let waiter = (Instant::now() + rest, promise);
                self.lock().waiters.entry(spot).or_default().push(waiter);
                Answer::Theirs(pushed, rest)
            }
            _ => Answer::Away,
        }
    }

    fn kept(&self, spot: Spot, token: Option<u128>, reply: &Reply) -> Kept {
        match reply {
            Reply::Number(1) => Kept::Stored,
            Reply::Number(0) => {
                // The cache may hold it already, and nobody would tell when it changes.
                self.followers.forget(spot);
                Kept::Refused
            }
            _ => {
                if let Some(token) = token {
                    let mut state = self.lock();
                    self.remove(&mut state, Removal::Lease(spot, token));
                }
                Kept::Failed
            }
        }
    }

    /// Tags that were forgotten before the server watched them for this process.
    fn watched(&self, born: u64, tags: &[u128], reply: &Reply) {
        let marks = match reply {
            Reply::List(marks) if marks.len() == tags.len() => &marks[..],
            _ => &[],
        };
        for (i, tag) in tags.iter().enumerate() {
            let is_older = match marks.get(i) {
                Some(Reply::Null) => true,
                Some(Reply::Text(mark)) => {
                    let mark = std::str::from_utf8(mark).ok().and_then(|mark| mark.parse().ok());
                    mark.is_some_and(|mark: u64| mark < born)
                }
                _ => false,
            };
            if !is_older {
                self.followers.forget_tag(*tag);
            }
        }
    }

    /// The server tells what others have changed.
    fn pushed(&self, parts: Vec<Reply>) {
        let mut parts = parts.into_iter();
        if parts.next() != Some(Reply::Text(b"invalidate".to_vec())) {
            return;
        }
        match parts.next() {
            Some(Reply::List(keys)) => {
                for key in keys {
                    let Reply::Text(key) = key else { continue };
                    match self.names.read(&key) {
                        Some(Named::Value(spot)) => self.value_changed(spot),
                        Some(Named::Lease(spot)) => self.lease_changed(spot),
                        Some(Named::Function(function)) => self.followers.forget_function(function),
                        Some(Named::Tag(tag)) => self.followers.forget_tag(tag),
                        None => {}
                    }
                }
            }
            Some(Reply::Null) => {
                let mut state = self.lock();
                let waiters = mem::take(&mut state.waiters);
                state.leases.clear();
                drop(state);
                self.followers.forget_all();
                drop(waiters);
            }
            _ => {}
        }
    }

    fn value_changed(&self, spot: Spot) {
        let waiters = self.lock().waiting(spot);
        // Those who wait have nothing to forget: they ask again, and store what they get.
        if waiters.is_empty() {
            self.followers.forget(spot);
        }
    }

    fn lease_changed(&self, spot: Spot) {
        let mut state = self.lock();
        let waiters = state.waiting(spot);
        let is_lost = state.leases.remove(&spot).is_some();
        drop(state);
        if is_lost {
            self.followers.forget(spot);
        }
        drop(waiters);
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

    /// Ends the connection. What was removed and not answered is told again on return.
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
            state.drop_at = match self.config.coherence {
                Coherence::Strict => Some(now),
                // The changes that it has not told may be as old as its silence.
                _ => self.next_drop(if was_up { state.heard } else { now }),
            };
        }
        state.ping = None;
        state.slots.outgoing.clear();
        while let Some(slot) = state.slots.pop() {
            let missed = match &slot.sent {
                Sent::Remove(removal) => Some(*removal),
                Sent::Ask { spot, token, .. } | Sent::Keep { spot, token: Some(token), .. }
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

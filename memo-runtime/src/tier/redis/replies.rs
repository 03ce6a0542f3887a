//! The replies of the server and what it tells by itself, and what follows from them.

use crate::tier::pending::Pending;
use crate::tier::redis::frames::Reply;
use crate::tier::redis::keys::{Named, Parts, Spot, split_value};
use crate::tier::redis::link::Link;
use crate::tier::redis::scripts;
use crate::tier::redis::slots::{Removal, Sent};
use crate::tier::redis::state::{LONGEST_PAUSE, Phase, SHORTEST_PAUSE, State, jitter};
use crate::tier::tier::{Answer, Kept, Lease};
use std::mem;
use std::time::{Duration, Instant};

impl Link {
    pub(super) fn heard(&self, reply: Reply, connection: u64) -> Result<(), String> {
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
        let is_refused = slot.sent.is_refused(&reply);
        let is_news = is_refused.is_some_and(|it| state.note_write(it, now));
        if has_changed || is_news {
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
            Sent::Ask { spot, token, promise, .. } | Sent::Take { spot, token, promise } => {
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
                self.lock().begin_lease(spot, token);
                // The link's thread renews it.
                self.changed.notify_all();
                Answer::Yours(Lease(token))
            }
            Reply::List(parts) => {
                let [Reply::Number(millis)] = parts[..] else { return Answer::Away };
                let rest = Duration::from_millis(u64::try_from(millis).unwrap_or(0));
                // A lease of a server whose clock was set back has no end that matters.
                let rest = rest.min(self.config.lease);
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
                let mut state = self.lock();
                self.doubt(&mut state, spot);
                if let Some(token) = token {
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
}

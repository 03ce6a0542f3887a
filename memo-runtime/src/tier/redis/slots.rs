//! The commands to the server: those that were sent, in the order of their replies, and those to send.

use crate::tier::pending::Promise;
use crate::tier::redis::config::Config;
use crate::tier::redis::frames::{self, Reply};
use crate::tier::redis::keys::{Names, Spot};
use crate::tier::redis::scripts::{Hashes, Script};
use crate::tier::tier::{Answer, Kept};
use std::collections::{HashSet, VecDeque};
use std::time::{Duration, Instant};

/// How long a record lives at most.
pub(crate) const LONGEST_LIFE: Duration = Duration::from_secs(30 * 86_400);
/// The mark of a function or a tag outlives all records that it is about.
const LIFE_OF_MARK: Duration = Duration::from_secs(31 * 86_400);

/// The most bytes that wait to be written. One more record may join while there are fewer.
const MOST_BYTES: usize = 8 << 20;
/// The longest record that is sent. Servers end the connection at 512 MiB.
pub(crate) const LONGEST_RECORD: usize = 256 << 20;
/// The most replies that are waited for.
const MOST_REPLIES: usize = 1 << 16;
/// The most removals that are remembered while the server is away.
const MOST_MISSED: usize = 10_000;

/// A command that waits for its reply.
#[derive(Debug)]
pub(crate) enum Sent {
    Ask {
        spot: Spot,
        token: u128,
        /// The last bytes of a value that does not do: there the lease is asked for.
        old: Option<Vec<u8>>,
        promise: Promise<Answer>,
    },
    Keep {
        spot: Spot,
        token: Option<u128>,
        tags: Vec<u128>,
        promise: Promise<Kept>,
    },
    /// The tags of a value that was born then. The server is to tell when they are forgotten.
    Watch {
        born: u64,
        tags: Vec<u128>,
    },
    Remove(Removal),
    Renew {
        spot: Spot,
        token: u128,
    },
    /// A lease without a question.
    Take {
        spot: Spot,
        token: u128,
        promise: Promise<Answer>,
    },
    Load(Script),
    Ping,
    Flush(Promise<bool>),
}

impl Sent {
    /// Whether the server has refused to write, or `None` if the reply does not say.
    pub(crate) fn is_refused(&self, reply: &Reply) -> Option<bool> {
        match (self, reply) {
            // It is full, cannot save its data, or lacks replicas. In scripts of Redis 6 the text begins otherwise.
            (_, Reply::Error(error)) => ["OOM command", "MISCONF ", "NOREPLICAS "]
                .iter()
                .any(|code| error.contains(code))
                .then_some(true),
            (
                Self::Ask { .. }
                | Self::Take { .. }
                | Self::Keep { .. }
                | Self::Remove(Removal::Function(_) | Removal::Tag(_)),
                Reply::Number(1),
            ) => Some(false),
            _ => None,
        }
    }
}

/// A removal in the server. It is kept while the server is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Removal {
    Key(Spot),
    Function(u64),
    Tag(u128),
    Lease(Spot, u128),
}

/// A record to keep.
#[derive(Debug)]
pub(crate) struct Value<'a> {
    pub(crate) life: Duration,
    /// The count of tags, and the tags.
    pub(crate) tags: &'a str,
    pub(crate) record: &'a [u8],
}

#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) since: Instant,
    pub(crate) sent: Sent,
}

#[derive(Debug, Default)]
pub(crate) struct Slots {
    queue: VecDeque<Slot>,
    /// Bytes that are not written yet.
    pub(crate) outgoing: Vec<u8>,
    /// The scripts that the server has. Those that it has not are sent in full.
    pub(crate) hashes: Hashes,
}

impl Slots {
    pub(crate) fn new(hashes: Hashes) -> Self {
        Self { hashes, ..Self::default() }
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.outgoing.len() >= MOST_BYTES || self.queue.len() >= MOST_REPLIES
    }

    /// How many replies have not come in time.
    pub(crate) fn overdue(&self, now: Instant, timeout: Duration) -> usize {
        self.queue.iter().take(3).filter(|slot| slot.is_late(now, timeout)).count()
    }

    pub(crate) fn push(&mut self, to: (&Config, &Names), sent: Sent, value: Option<&Value<'_>>) {
        self.write(to, &sent, value);
        self.queue.push_back(Slot { since: Instant::now(), sent });
    }

    pub(crate) fn pop(&mut self) -> Option<Slot> {
        self.queue.pop_front()
    }

    /// Adds what waited for the connection. The server is not late with it.
    pub(crate) fn append(&mut self, mut others: Self) {
        let now = Instant::now();
        others.queue.iter_mut().for_each(|slot| slot.since = now);
        self.queue.append(&mut others.queue);
        self.outgoing.append(&mut others.outgoing);
    }

    fn write(
        &mut self,
        (config, names): (&Config, &Names),
        sent: &Sent,
        value: Option<&Value<'_>>,
    ) {
        let out = &mut self.outgoing;
        let last_time = names.last_time();
        let last_time = last_time.as_bytes();
        let token = |token: &u128| format!("{token:032x}");
        let millis = |time: Duration| time.as_millis().max(1).to_string();
        let mut call = |script: Script, keys: &[&str], arguments: &[&[u8]]| {
            let mut parts = script.call(&self.hashes).to_vec();
            let count = keys.len().to_string();
            parts.push(count.as_bytes());
            parts.extend(keys.iter().map(|key| key.as_bytes()));
            parts.extend(arguments);
            frames::command(out, &parts);
        };
        match sent {
            Sent::Ask { spot, token: its, old, .. } => {
                let keys = [names.value(*spot), names.lease(*spot), names.function(spot.function)];
                let (tags, token, lease) = (names.tags(), token(its), millis(config.lease));
                let old = old.as_deref().unwrap_or_default();
                let arguments =
                    [tags.as_bytes(), token.as_bytes(), lease.as_bytes(), old, last_time];
                call(Script::Ask, &keys.each_ref().map(|key| &**key), &arguments);
            }
            Sent::Keep { spot, token: its, tags, .. } => {
                let Some(value) = value else { return };
                let mut keys =
                    vec![names.value(*spot), names.lease(*spot), names.function(spot.function)];
                keys.extend(tags.iter().map(|tag| names.tag(*tag)));
                let keys: Vec<_> = keys.iter().map(|key| &**key).collect();
                let token = its.as_ref().map_or_else(String::new, token);
                let life = millis(value.life);
                let (token, life) = (token.as_bytes(), life.as_bytes());
                let tags = value.tags.as_bytes();
                call(Script::Keep, &keys, &[token, life, tags, value.record, last_time]);
            }
            Sent::Watch { tags, .. } => {
                let keys: Vec<_> = tags.iter().map(|tag| names.tag(*tag)).collect();
                let mut parts: Vec<&[u8]> = vec![b"MGET"];
                parts.extend(keys.iter().map(String::as_bytes));
                frames::command(out, &parts);
            }
            Sent::Renew { spot, token: its } => {
                let arguments = [token(its), millis(config.lease)];
                let arguments = arguments.each_ref().map(String::as_bytes);
                call(Script::Renew, &[&names.lease(*spot)], &arguments);
            }
            Sent::Take { spot, token: its, .. } => {
                let (token, lease) = (token(its), millis(config.lease));
                let arguments = [token.as_bytes(), lease.as_bytes(), last_time];
                call(Script::Take, &[&names.lease(*spot)], &arguments);
            }
            Sent::Remove(Removal::Lease(spot, its)) => {
                call(Script::Release, &[&names.lease(*spot)], &[token(its).as_bytes()]);
            }
            Sent::Remove(Removal::Key(spot)) => {
                let keys = [names.value(*spot), names.lease(*spot)];
                frames::command(out, &[b"DEL", keys[0].as_bytes(), keys[1].as_bytes()]);
            }
            Sent::Remove(Removal::Function(function)) => {
                let life = millis(LIFE_OF_MARK);
                let name = names.function(*function);
                call(Script::Mark, &[&name], &[life.as_bytes(), last_time]);
            }
            Sent::Remove(Removal::Tag(tag)) => {
                let life = millis(LIFE_OF_MARK);
                call(Script::Mark, &[&names.tag(*tag)], &[life.as_bytes(), last_time]);
            }
            Sent::Load(script) => {
                frames::command(out, &[b"SCRIPT", b"LOAD", script.source().as_bytes()]);
            }
            Sent::Ping | Sent::Flush(_) => frames::command(out, &[b"PING"]),
        }
    }
}

impl Slot {
    pub(crate) fn is_late(&self, now: Instant, timeout: Duration) -> bool {
        now.saturating_duration_since(self.since) > timeout
    }
}

/// The removals that the server has missed.
#[derive(Debug, Default)]
pub(crate) struct Missed {
    removals: VecDeque<Removal>,
    /// Leases that nobody holds. They end by themselves, if they are not told.
    leases: Vec<Removal>,
    /// Tags that came when there was no room.
    tags: HashSet<u128>,
    /// Functions to be cleared, because more was removed than is remembered.
    functions: HashSet<u64>,
}

impl Missed {
    pub(crate) fn len(&self) -> usize {
        self.removals.len() + self.leases.len() + self.tags.len() + self.functions.len()
    }

    /// `functions` are all that this process knows of. They are cleared if there is no room for a tag either.
    pub(crate) fn add(&mut self, removal: Removal, functions: impl FnOnce() -> Vec<u64>) {
        if let Removal::Lease(..) = removal {
            if self.leases.len() < MOST_MISSED {
                self.leases.push(removal);
            }
            return;
        }
        if self.removals.len() < MOST_MISSED {
            return self.removals.push_back(removal);
        }
        match removal {
            Removal::Tag(tag) if self.tags.len() < 10 * MOST_MISSED => _ = self.tags.insert(tag),
            Removal::Key(spot) => _ = self.functions.insert(spot.function),
            Removal::Function(function) => _ = self.functions.insert(function),
            Removal::Tag(_) => self.functions.extend(functions()),
            Removal::Lease(..) => {}
        }
    }

    pub(crate) fn take(&mut self) -> impl Iterator<Item = Removal> + use<> {
        let Self { removals, leases, tags, functions } = std::mem::take(self);
        let functions = functions.into_iter().map(Removal::Function);
        let tags = tags.into_iter().map(Removal::Tag);
        removals.into_iter().chain(functions).chain(tags).chain(leases)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_the_bound_the_functions_are_cleared() {
        let mut missed = Missed::default();
        let key = |digest| Removal::Key(Spot { function: 7, version: 1, digest });
        for digest in 0..20_000 {
            missed.add(key(digest), Vec::new);
        }
        for tag in 0..200_000 {
            missed.add(Removal::Tag(tag), || vec![8]);
        }
        for token in 0..20_000 {
            let spot = Spot { function: 7, version: 1, digest: 1 };
            missed.add(Removal::Lease(spot, token), Vec::new);
        }
        assert_eq!(missed.len(), 12 * MOST_MISSED + 2);
        let removals: Vec<_> = missed.take().collect();
        assert_eq!(removals[0], key(0));
        let beyond = &removals[MOST_MISSED..];
        for removal in [Removal::Function(7), Removal::Function(8), Removal::Tag(9)] {
            assert!(beyond.contains(&removal), "{removal:?}");
        }
        assert_eq!(missed.len(), 0);
    }
}

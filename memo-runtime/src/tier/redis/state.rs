//! The state that the threads of a link share with its callers.

use crate::tier::pending::Promise;
use crate::tier::redis::breaker::Breaker;
use crate::tier::redis::doubtful::Doubtful;
use crate::tier::redis::keys::Spot;
use crate::tier::redis::slots::{Missed, Slots};
use crate::tier::redis::stream::Stream;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(crate) const SHORTEST_PAUSE: Duration = Duration::from_millis(10);
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// An idle socket takes so many bytes without waiting.
const WRITTEN_AT_ONCE: usize = 4 << 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The first connection is not there yet, and has not failed. Questions wait for it.
    First,
    Up,
    Away,
}

/// A lease of this process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held {
    pub(crate) token: u128,
    pub(crate) renewed: Instant,
}

#[derive(Debug)]
pub(crate) struct State {
    /// The process of the threads and of the connection. A forked child has neither.
    pub(crate) process: u32,
    /// Whether the link's thread runs.
    pub(crate) runs: bool,
    pub(crate) is_closing: bool,
    pub(crate) phase: Phase,
    /// When the phase began.
    pub(crate) since: Instant,
    /// The number of the connection.
    pub(crate) connection: u64,
    /// A thread tries to connect.
    pub(crate) is_dialing: bool,
    pub(crate) dial_at: Instant,
    /// How many connections in a row have failed.
    pub(crate) failures: u32,
    pub(crate) stream: Option<Arc<Stream>>,
    pub(crate) slots: Slots,
    pub(crate) missed: Missed,
    /// When the server is told what it has refused to remove.
    pub(crate) tell_at: Option<Instant>,
    pub(crate) breaker: Breaker,
    /// When the server last refused to write, if that is not over.
    pub(crate) refused: Option<Instant>,
    /// When the server was heard last.
    pub(crate) heard: Instant,
    /// When the PING was sent that is not answered yet.
    pub(crate) ping: Option<Instant>,
    pub(crate) leases: HashMap<Spot, Held>,
    /// Results in memory that the server may not tell of.
    pub(crate) doubtful: Doubtful,
    /// Those who wait for a run of another process, and until when.
    pub(crate) waiters: HashMap<Spot, Vec<(Instant, Promise<()>)>>,
    /// When leases and waiters are looked through.
    pub(crate) scan_at: Instant,
    /// When the results in memory are dropped, while the server is away.
    pub(crate) drop_at: Option<Instant>,
    /// The last event that the program was told: that the server is up, or away.
    pub(crate) told: Phase,
    pub(crate) last_error: Option<String>,
    /// The upper half of all tokens of this process.
    process_token: u64,
    serial: u64,
}

impl State {
    pub(crate) fn new(process: u32) -> Self {
        let now = Instant::now();
        Self {
            process,
            runs: false,
            is_closing: false,
            phase: Phase::First,
            since: now,
            connection: 0,
            is_dialing: false,
            dial_at: now,
            failures: 0,
            stream: None,
            slots: Slots::default(),
            missed: Missed::default(),
            tell_at: None,
            breaker: Breaker::default(),
            refused: None,
            heard: now,
            ping: None,
            leases: HashMap::new(),
            doubtful: Doubtful::default(),
            waiters: HashMap::new(),
            scan_at: now,
            drop_at: None,
            told: Phase::Up,
            last_error: None,
            process_token: random_of(u64::from(process)).max(1),
            serial: 0,
        }
    }

    /// Writes a short command on the thread of the caller, which saves a change of threads. The server must have answered all
    /// that was sent before: so it has read that, the socket has room, and nobody else is writing.
    pub(crate) fn write_at_once(&mut self) {
        let outgoing = &mut self.slots.outgoing;
        let Some(stream) = self.stream.as_ref().filter(|_| outgoing.len() <= WRITTEN_AT_ONCE)
        else {
            return;
        };
        // The link's thread meets the error of a socket that has failed.
        drop(outgoing.drain(..stream.write_some(outgoing)));
    }

    pub(crate) fn next_token(&mut self) -> u128 {
        self.serial += 1;
        u128::from(self.process_token) << 64 | u128::from(self.serial)
    }

    /// Takes note of whether the server writes. One at its limit writes now and then, and so has to do so for a while. Says whether
    /// this is news.
    pub(crate) fn note_write(&mut self, is_refused: bool, now: Instant) -> bool {
        if is_refused {
            return self.refused.replace(now).is_none();
        }
        let is_over = |at: &mut Instant| now.saturating_duration_since(*at) >= LONGEST_PAUSE;
        self.refused.take_if(is_over).is_some()
    }

    /// Adds a lease to the table. The link's thread renews it.
    pub(crate) fn begin_lease(&mut self, spot: Spot, token: u128) {
        self.leases.insert(spot, Held { token, renewed: Instant::now() });
    }

    /// Takes a lease from the table.
    pub(crate) fn end_lease(&mut self, spot: Spot, token: u128) {
        if self.leases.get(&spot).is_some_and(|held| held.token == token) {
            self.leases.remove(&spot);
        }
    }

    /// Those who wait for a run that is over. They are woken when the promises are dropped, outside of the lock.
    #[must_use]
    pub(crate) fn waiting(&mut self, spot: Spot) -> Vec<(Instant, Promise<()>)> {
        self.waiters.remove(&spot).unwrap_or_default()
    }
}

/// Some number that other processes do not get.
pub(crate) fn random_of(number: u64) -> u64 {
    RandomState::new().hash_one((number, std::time::SystemTime::now()))
}

/// A random time, up to this one.
pub(crate) fn jitter(at_most: Duration) -> Duration {
    let millionths = u32::try_from(random_of(0) % 1_000_000).unwrap_or(0);
    at_most.mul_f64(f64::from(millionths) / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_at_its_limit_is_told_of_once_and_writes_again_when_it_refuses_nothing_for_a_while()
    {
        let (mut state, start) = (State::new(0), Instant::now());
        let at = |millis| start + Duration::from_millis(millis);
        assert!(!state.note_write(false, at(0)), "it has not refused anything");
        assert!(state.note_write(true, at(0)));
        for millis in (100..2_000).step_by(200) {
            assert!(!state.note_write(false, at(millis)) && !state.note_write(true, at(millis)));
        }
        assert!(!state.note_write(false, at(2_800)));
        assert!(state.note_write(false, at(2_900)) && state.refused.is_none());
        assert!(state.note_write(true, at(2_901)));
    }
}

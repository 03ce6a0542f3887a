//! What a cache of one thread holds, in which order, and what is being computed.

/// Seconds that an entry answers, in programs with `ttl`.
pub const TTL: u64 = 10;

/// An entry that is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    pub key: u8,
    pub version: u64,
    birth: u64,
    deadline: Option<u64>,
}

#[derive(Debug)]
struct Flight {
    key: u8,
    birth: u64,
    outdated: bool,
}

/// A run of a body: the flight it is for, and whether the flight is its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    birth: u64,
    owns: bool,
}

#[derive(Debug)]
pub struct Model {
    maxsize: Option<usize>,
    ttl: bool,
    single_flight: bool,
    pub now: u64,
    /// The least recently used first; in an unbounded cache the one stored first.
    stored: Vec<Stored>,
    flights: Vec<Flight>,
    births: u64,
    /// Why the model does not know the contents, until the next time that it is told.
    pub lost: Option<&'static str>,
}

impl Model {
    pub fn new(maxsize: Option<usize>, ttl: bool, single_flight: bool) -> Self {
        Self {
            maxsize,
            ttl,
            single_flight,
            now: 0,
            stored: Vec::new(),
            flights: Vec::new(),
            births: 0,
            lost: None,
        }
    }

    fn expire(&mut self) {
        let now = self.now;
        self.stored.retain(|it| it.deadline.is_none_or(|deadline| deadline > now));
    }

    /// The keys and versions stored, the most recently used first.
    pub fn contents(&mut self) -> Vec<(u8, u64)> {
        self.expire();
        self.stored.iter().rev().map(|it| (it.key, it.version)).collect()
    }

    /// The version stored under a key.
    pub fn version(&mut self, key: u8) -> Option<u64> {
        self.expire();
        self.stored.iter().find(|it| it.key == key).map(|it| it.version)
    }

    pub fn hit(&mut self, key: u8, version: u64) {
        self.expire();
        let at = self.stored.iter().position(|it| (it.key, it.version) == (key, version));
        if let Some(at) = at.filter(|_| self.maxsize.is_some()) {
            self.stored[at..].rotate_left(1);
        }
    }

    /// A body starts.
    pub fn miss(&mut self, key: u8) -> Run {
        self.expire();
        let joined = self.flights.iter().find(|it| it.key == key && !it.outdated);
        if let Some(flight) = joined.filter(|_| self.single_flight) {
            return Run { birth: flight.birth, owns: false };
        }
        self.births += 1;
        self.flights.push(Flight { key, birth: self.births, outdated: false });
        Run { birth: self.births, owns: true }
    }

    fn end_flight(&mut self, birth: u64) -> Option<Flight> {
        let at = self.flights.iter().position(|it| it.birth == birth)?;
        Some(self.flights.remove(at))
    }

    /// A body ends without a value to store.
    pub fn end(&mut self, run: Run) {
        if run.owns {
            self.end_flight(run.birth);
        }
    }

    /// A body ends with one.
    pub fn land(&mut self, key: u8, version: u64, run: Run) {
        self.expire();
        if let Some(Flight { birth, outdated: false, .. }) = self.end_flight(run.birth) {
            self.store(key, version, birth);
        }
    }

    fn store(&mut self, key: u8, version: u64, birth: u64) {
        if let Some(at) = self.stored.iter().position(|it| it.key == key) {
            if self.stored[at].birth > birth {
                return;
            }
            self.stored.remove(at);
        }
        if self.maxsize == Some(0) {
            return;
        }
        if self.maxsize.is_some_and(|maxsize| self.stored.len() >= maxsize) {
            self.stored.remove(0);
        }
        let deadline = self.ttl.then_some(self.now + TTL);
        self.stored.push(Stored { key, version, birth, deadline });
    }

    fn outdate(&mut self, is_it: impl Fn(u8) -> bool) {
        self.flights.iter_mut().filter(|it| is_it(it.key)).for_each(|it| it.outdated = true);
    }

    pub fn insert(&mut self, key: u8, version: u64) {
        self.expire();
        self.outdate(|it| it == key);
        self.births += 1;
        self.store(key, version, self.births);
    }

    pub fn remove(&mut self, key: u8) {
        self.expire();
        self.outdate(|it| it == key);
        self.stored.retain(|it| it.key != key);
    }

    /// Whether a body runs for a key.
    pub fn is_computed(&self, key: u8) -> bool {
        self.flights.iter().any(|it| it.key == key)
    }

    /// `retain` refuses an entry.
    pub fn refuse(&mut self, key: u8, version: u64) {
        self.expire();
        self.stored.retain(|it| (it.key, it.version) != (key, version));
    }

    pub fn clear(&mut self) {
        self.outdate(|_| true);
        self.stored.clear();
    }

    /// No step is under way, and these are the contents, the most recently used first. Says what is wrong.
    pub fn compare(&mut self, contents: &[(u8, u64)]) -> Result<(), String> {
        if !self.flights.is_empty() && self.lost.is_none() {
            return Err(format!("the model is wrong: these are under way: {:?}", self.flights));
        }
        self.flights.clear();
        if self.lost.take().is_none() {
            let expected = self.contents();
            if expected != contents {
                return Err(format!("contents are {contents:?}, and should be {expected:?}"));
            }
            return Ok(());
        }
        let stored = contents.iter().rev();
        let stored = stored.map(|&(key, version)| Stored { key, version, birth: 0, deadline: None });
        self.stored = stored.collect();
        Ok(())
    }

    /// Entries whose deadlines the model does not know.
    pub fn has_unknown_deadlines(&self) -> bool {
        self.ttl && self.stored.iter().any(|it| it.deadline.is_none())
    }
}

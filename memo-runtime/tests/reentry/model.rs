//! The model of a cache that one thread uses: its contents, their order, and the runs under way.

/// The time to live in programs with `ttl`, in seconds.
pub const TTL: u64 = 10;

/// A stored entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    pub key: u8,
    pub version: u64,
    generation: u64,
    deadline: Option<u64>,
}

#[derive(Debug)]
struct Flight {
    key: u8,
    generation: u64,
    invalidated: bool,
}

/// A run of a body: its flight, and whether it leads that flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    generation: u64,
    owns: bool,
}

#[derive(Debug)]
pub struct Model {
    maxsize: Option<usize>,
    ttl: bool,
    single_flight: bool,
    pub now: u64,
    /// Least recently used first; in an unbounded cache in the order of storing.
    stored: Vec<Stored>,
    flights: Vec<Flight>,
    generations: u64,
    /// The reason why the model does not know the contents. They are read from the cache at the next comparison.
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
            generations: 0,
            lost: None,
        }
    }

    fn expire(&mut self) {
        let now = self.now;
        self.stored.retain(|it| it.deadline.is_none_or(|deadline| deadline > now));
    }

    /// The stored keys and versions, most recently used first.
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
        let joined = self.flights.iter().find(|it| it.key == key && !it.invalidated);
        if let Some(flight) = joined.filter(|_| self.single_flight) {
            return Run { generation: flight.generation, owns: false };
        }
        self.generations += 1;
        self.flights.push(Flight { key, generation: self.generations, invalidated: false });
        Run { generation: self.generations, owns: true }
    }

    fn end_flight(&mut self, generation: u64) -> Option<Flight> {
        let at = self.flights.iter().position(|it| it.generation == generation)?;
        Some(self.flights.remove(at))
    }

    /// A body ends without a value.
    pub fn end(&mut self, run: Run) {
        if run.owns {
            self.end_flight(run.generation);
        }
    }

    /// A body ends with a value.
    pub fn land(&mut self, key: u8, version: u64, run: Run) {
        self.expire();
        if let Some(Flight { generation, invalidated: false, .. }) = self.end_flight(run.generation)
        {
            self.store(key, version, generation);
        }
    }

    fn store(&mut self, key: u8, version: u64, generation: u64) {
        if let Some(at) = self.stored.iter().position(|it| it.key == key) {
            if self.stored[at].generation > generation {
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
        self.stored.push(Stored { key, version, generation, deadline });
    }

    fn invalidate(&mut self, is_it: impl Fn(u8) -> bool) {
        self.flights.iter_mut().filter(|it| is_it(it.key)).for_each(|it| it.invalidated = true);
    }

    pub fn insert(&mut self, key: u8, version: u64) {
        self.expire();
        self.invalidate(|it| it == key);
        self.generations += 1;
        self.store(key, version, self.generations);
    }

    pub fn remove(&mut self, key: u8) {
        self.expire();
        self.invalidate(|it| it == key);
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
        self.invalidate(|_| true);
        self.stored.clear();
    }

    /// Compares with the cache's contents, most recently used first, while no step is under way. The error says what differs.
    pub fn compare(&mut self, contents: &[(u8, u64)]) -> Result<(), String> {
        if !self.flights.is_empty() && self.lost.is_none() {
            return Err(format!("the model is wrong, with these under way: {:?}", self.flights));
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
        let stored =
            stored.map(|&(key, version)| Stored { key, version, generation: 0, deadline: None });
        self.stored = stored.collect();
        Ok(())
    }

    /// Whether there are entries whose deadline the model does not know.
    pub fn has_unknown_deadlines(&self) -> bool {
        self.ttl && self.stored.iter().any(|it| it.deadline.is_none())
    }
}

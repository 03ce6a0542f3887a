//! A tier in memory, which a test can make slow, failing, hanging or lying.

use memofn::tier::{
    Answer, Asked, FirstLevel, Forget, Function, Kept, Lease, Pending, Promise, Record, Tier,
};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

type Key = (String, u64, u128);

/// The behaviour of the tier at the next questions.
#[derive(Debug, Clone, Default)]
pub(crate) enum Mood {
    #[default]
    Well,
    /// It cannot say.
    Away,
    /// It never answers.
    Hangs,
    /// It drops its promises.
    Drops,
    /// Its methods panic.
    Panics,
    /// Each answer is the work of another thread.
    Works,
    /// It answers with these bytes.
    Lies(Vec<u8>),
}

/// A tier in memory. Clones share it. It has leases: one for each key.
#[derive(Clone, Default)]
pub(crate) struct MapTier(Arc<Mutex<State>>);

#[derive(Default)]
pub(crate) struct State {
    pub(crate) mood: Mood,
    pub(crate) timeout: Option<Duration>,
    pub(crate) records: HashMap<Key, Record>,
    pub(crate) leases: HashMap<Key, Lease>,
    waiting: HashMap<Key, Vec<Promise<()>>>,
    forgotten: HashSet<Lease>,
    last_lease: u128,
    hung: Vec<(Key, Promise<Answer>)>,
    /// The caches above, if the tier is to tell them what changes.
    followers: Vec<Weak<dyn FirstLevel>>,
    tells: bool,
    pub(crate) asked: usize,
    pub(crate) kept: usize,
    pub(crate) released: usize,
    /// How often it was told to forget a key.
    pub(crate) removals: usize,
}

fn key(of: &Asked) -> Key {
    (of.function().name().to_owned(), of.function().version(), of.digest())
}

impl MapTier {
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn mood(&self, mood: Mood) {
        self.lock().mood = mood;
    }

    pub(crate) fn records(&self) -> usize {
        self.lock().records.len()
    }

    /// A tier that tells the caches above of all that is forgotten.
    pub(crate) fn telling() -> Self {
        let tier = Self::default();
        tier.lock().tells = true;
        tier
    }

    /// Tells the caches above to forget.
    pub(crate) fn tell(&self, tell: impl Fn(&dyn FirstLevel)) {
        let followers = self.lock().followers.clone();
        followers.iter().filter_map(Weak::upgrade).for_each(|cache| tell(&*cache));
    }

    pub(crate) fn leases(&self) -> usize {
        self.lock().leases.len()
    }

    pub(crate) fn released(&self) -> usize {
        self.lock().released
    }

    pub(crate) fn asked(&self) -> usize {
        self.lock().asked
    }

    /// Answers the questions that hang.
    pub(crate) fn wake_up(&self) {
        let hung = std::mem::take(&mut self.lock().hung);
        for (key, promise) in hung {
            let answer = self.lock().answer(&key);
            promise.keep(answer);
        }
    }

    fn work<T: Send + 'static>(
        &self,
        lost: T,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Pending<T> {
        if matches!(self.lock().mood, Mood::Works) {
            Pending::work(lost, work)
        } else {
            Pending::ready(work())
        }
    }
}

impl State {
    fn next_lease(&mut self) -> Lease {
        self.last_lease += 1;
        Lease(self.last_lease)
    }

    fn answer(&mut self, key: &Key) -> Answer {
        if let Some(record) = self.records.get(key) {
            return Answer::Hit(record.clone());
        }
        self.lend(key)
    }

    fn lend(&mut self, key: &Key) -> Answer {
        if self.leases.contains_key(key) {
            let (promise, pushed) = Pending::promised(());
            self.waiting.entry(key.clone()).or_default().push(promise);
            return Answer::Theirs(pushed, Duration::from_secs(60));
        }
        let lease = self.next_lease();
        self.leases.insert(key.clone(), lease);
        Answer::Yours(lease)
    }

    fn end_lease(&mut self, key: &Key, lease: Option<Lease>) {
        if lease.is_none_or(|lease| self.leases.get(key) == Some(&lease)) {
            if let Some(lease) = self.leases.remove(key) {
                self.forgotten.insert(lease);
            }
            self.waiting.remove(key);
        }
    }
}

impl Tier for MapTier {
    fn ask(&self, of: &Asked) -> Pending<Answer> {
        let mut state = self.lock();
        state.asked += 1;
        match state.mood.clone() {
            Mood::Away => return Pending::ready(Answer::Away),
            Mood::Hangs | Mood::Drops => {
                let (promise, pending) = Pending::promised(Answer::Away);
                if matches!(state.mood, Mood::Hangs) {
                    state.hung.push((key(of), promise));
                }
                return pending;
            }
            Mood::Panics => panic!("the tier panics"),
            Mood::Lies(bytes) => return Pending::ready(Answer::Hit(Record::from_bytes(bytes))),
            Mood::Well | Mood::Works => {}
        }
        drop(state);
        let (tier, key) = (self.clone(), key(of));
        self.work(Answer::Away, move || tier.lock().answer(&key))
    }

    fn lend(&self, of: &Asked, old: &Record) -> Pending<Answer> {
        let (mut state, key) = (self.lock(), key(of));
        let newer = state.records.get(&key).filter(|record| *record != old).cloned();
        Pending::ready(newer.map_or_else(|| state.lend(&key), Answer::Hit))
    }

    fn keep(&self, of: &Asked, record: Record, lease: Option<Lease>) -> Pending<Kept> {
        match self.lock().mood {
            Mood::Panics => panic!("the tier panics"),
            Mood::Away => return Pending::ready(Kept::Failed),
            _ => {}
        }
        let (tier, key) = (self.clone(), key(of));
        self.work(Kept::Failed, move || {
            let mut state = tier.lock();
            if lease.is_some_and(|lease| state.leases.get(&key) != Some(&lease)) {
                return Kept::Refused;
            }
            state.kept += 1;
            state.records.insert(key.clone(), record);
            state.end_lease(&key, None);
            Kept::Stored
        })
    }

    fn release(&self, of: &Asked, lease: Lease) {
        let mut state = self.lock();
        state.released += 1;
        state.end_lease(&key(of), Some(lease));
    }

    fn forget(&self, what: Forget<'_>) {
        let mut state = self.lock();
        assert!(!matches!(state.mood, Mood::Panics), "the tier panics");
        let tells = state.tells;
        match what {
            Forget::Key(of) => {
                state.removals += 1;
                state.records.remove(&key(of));
                state.end_lease(&key(of), None);
            }
            Forget::Function(function) => {
                state.records.retain(|(name, ..), _| name != function.name());
                state.leases.retain(|(name, ..), _| name != function.name());
            }
            Forget::Tag(tag) => {
                state.records.retain(|_, record| !record.tags().any(|its| its == tag));
            }
            _ => state.records.clear(),
        }
        drop(state);
        if let (true, Forget::Key(of)) = (tells, what) {
            self.tell(|cache| cache.forget(of.digest()));
        }
    }

    fn follow(&self, _: &Arc<Function>, cache: Weak<dyn FirstLevel>) -> bool {
        let mut state = self.lock();
        state.followers.push(cache);
        state.tells
    }

    fn timeout(&self) -> Duration {
        self.lock().timeout.unwrap_or(Duration::from_secs(60))
    }

    fn status(&self) -> String {
        format!("in memory: {} records", self.records())
    }
}

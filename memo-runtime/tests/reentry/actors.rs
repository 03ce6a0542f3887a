//! Keys and values that run steps of the program in `Eq`, `Hash`, `Clone` and `Drop`, and know whether they are alive.

use super::machine::{self, Event};
use super::program::Hook;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

/// Accounts for all keys and values of one program. It has no lock, which would order the steps of threads.
#[derive(Debug, Default)]
pub struct Ledger {
    made: AtomicU64,
    alive: AtomicI64,
    /// The sum of one mixed number for each living object. It is 0 only if each was dropped once.
    balance: AtomicU64,
    /// The number of drops that panicked.
    drop_panics: AtomicI64,
    fired: AtomicUsize,
    faults: Mutex<Vec<String>>,
}

impl Ledger {
    pub fn fault(&self, what: impl Into<String>) {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).push(what.into());
    }

    pub fn faults(&self) -> Vec<String> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn is_faulty(&self) -> bool {
        !self.faults.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// The number of living objects.
    pub fn alive(&self) -> i64 {
        self.alive.load(Relaxed)
    }

    pub fn fires(&self) {
        self.fired.fetch_add(1, Relaxed);
    }

    pub fn fired(&self) -> usize {
        self.fired.load(Relaxed)
    }

    pub fn drop_panics(&self) {
        self.drop_panics.fetch_add(1, Relaxed);
    }

    /// The number of objects that may be leaked. The compiler leaks the return value of a function if an argument panics when it
    /// is dropped (rust-lang/rust issue 47949). That may be a value, or the owner of an entry.
    pub fn forgotten(&self) -> i64 {
        2 * self.drop_panics.load(Relaxed)
    }

    /// Whether each object was dropped once.
    pub fn is_settled(&self) -> bool {
        match self.alive() {
            0 => self.balance.load(Relaxed) == 0,
            alive => (0..=self.forgotten()).contains(&alive),
        }
    }
}

/// The life of an object.
#[derive(Debug)]
struct Life {
    number: u64,
    /// On the heap, where sanitizers see a use after the drop.
    canary: Box<AtomicU64>,
    ledger: Arc<Ledger>,
}

impl Life {
    const ALIVE: u64 = 0x51_6E_67_69_6E_67;
    const DEAD: u64 = 0xDEAD;

    fn new(ledger: &Arc<Ledger>) -> Self {
        let number = ledger.made.fetch_add(1, Relaxed) + 1;
        ledger.alive.fetch_add(1, Relaxed);
        ledger.balance.fetch_add(Self::mixed(number), Relaxed);
        Self { number, canary: Box::new(AtomicU64::new(Self::ALIVE)), ledger: Arc::clone(ledger) }
    }

    fn mixed(number: u64) -> u64 {
        (number ^ number << 32).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }

    fn check(&self) {
        if self.canary.load(Relaxed) != Self::ALIVE {
            self.ledger.fault("an object was used after it was dropped");
        }
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        if self.canary.swap(Self::DEAD, Relaxed) != Self::ALIVE {
            self.ledger.fault("an object was dropped twice");
        }
        self.ledger.alive.fetch_sub(1, Relaxed);
        self.ledger.balance.fetch_sub(Self::mixed(self.number), Relaxed);
    }
}

#[derive(Debug)]
pub struct Key {
    id: u8,
    hashes: Option<u8>,
    life: Life,
}

impl Key {
    pub fn new(id: u8, hashes: Option<u8>, ledger: &Arc<Ledger>) -> Self {
        Self { id, hashes, life: Life::new(ledger) }
    }

    pub fn id(&self) -> u8 {
        self.life.check();
        self.id
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        let _ = (self.id(), other.id());
        machine::on(Hook::Eq, Event::Other);
        self.id() == other.id()
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let id = self.id();
        machine::on(Hook::Hash, Event::Other);
        self.life.check();
        self.hashes.map_or(id, |hashes| id % hashes).hash(state);
    }
}

impl Clone for Key {
    fn clone(&self) -> Self {
        self.life.check();
        machine::on(Hook::Clone, Event::Other);
        Self { id: self.id(), hashes: self.hashes, life: Life::new(&self.life.ledger) }
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        self.life.check();
        machine::on(Hook::Drop, Event::Drops);
        self.life.check();
    }
}

#[derive(Debug)]
pub struct Value {
    key: u8,
    /// The same for a value and its clones, and different from all others.
    version: u64,
    text: String,
    /// Whether the listener has heard that it left.
    has_left: AtomicBool,
    life: Life,
}

impl Value {
    pub fn new(key: u8, ledger: &Arc<Ledger>) -> Self {
        let life = Life::new(ledger);
        Self {
            key,
            version: life.number,
            text: format!("value of {key}"),
            has_left: AtomicBool::new(false),
            life,
        }
    }

    pub fn key(&self) -> u8 {
        self.life.check();
        if self.text != format!("value of {}", self.key) {
            self.life.ledger.fault("a value has changed");
        }
        self.key
    }

    pub fn version(&self) -> u64 {
        self.life.check();
        self.version
    }
}

/// The listener of the cache: an entry has left.
pub fn leaves(key: &Key, value: &Value) {
    if key.id() != value.key() {
        value.life.ledger.fault("the listener hears of a key with the value of another");
    }
    if value.has_left.swap(true, Relaxed) {
        value.life.ledger.fault("the listener hears of a value twice");
    }
    machine::on(Hook::Evict, Event::Drops);
    let _ = (key.id(), value.key());
}

impl Clone for Value {
    fn clone(&self) -> Self {
        self.life.check();
        machine::on(Hook::Clone, Event::Clones(self.version));
        let key = self.key();
        let life = Life::new(&self.life.ledger);
        Self {
            key,
            version: self.version,
            text: self.text.clone(),
            has_left: AtomicBool::new(false),
            life,
        }
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        self.life.check();
        machine::on(Hook::Drop, Event::Drops);
        self.life.check();
    }
}

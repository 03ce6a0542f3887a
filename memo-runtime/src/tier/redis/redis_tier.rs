//! Redis as a tier.

use crate::tier::pending::{Pending, Promise};
use crate::tier::record::Record;
use crate::tier::redis::config::Config;
use crate::tier::redis::keys::{Spot, function_hash, tag_hash, tags_part};
use crate::tier::redis::link::Link;
use crate::tier::redis::slots::{LONGEST_LIFE, LONGEST_RECORD, Removal, Sent, Value};
use crate::tier::redis::state::Phase;
use crate::tier::tier::{Answer, Asked, FirstLevel, Forget, Function, Kept, Lease, Tier};
use crate::tier::wall;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::{Duration, UNIX_EPOCH};

/// Results in Redis, by one connection. Clones share it. It ends with the last of them.
///
/// ```no_run
/// use memofn::{Cache, redis};
///
/// # fn main() -> Result<(), redis::ConfigError> {
/// let tier = redis::connect("redis://cache.local/0")?.tier();
/// let cache: Cache<u64, u64> = Cache::builder().name("squares").tier(tier, 1).build();
/// assert_eq!(cache.get_or_compute(3, || 9), 9);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RedisTier(Arc<Handle>);

/// Ends the link when it is dropped.
struct Handle(Arc<Link>);

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.close();
    }
}

static STARTED: RwLock<Option<Arc<dyn Tier>>> = RwLock::new(None);

pub(crate) fn start(tier: RedisTier) {
    let tier: Arc<dyn Tier> = Arc::new(tier);
    let before = STARTED.write().unwrap_or_else(PoisonError::into_inner).replace(tier);
    drop(before);
}

/// The Redis of this process, if there is one.
pub(crate) fn started() -> Option<Arc<dyn Tier>> {
    STARTED.read().unwrap_or_else(PoisonError::into_inner).clone()
}

impl RedisTier {
    pub(crate) fn new(config: Config) -> Self {
        Self(Arc::new(Handle(Link::new(config))))
    }

    fn link(&self) -> &Arc<Link> {
        &self.0.0
    }

    /// How long a record is to live. `None` if its time is over.
    fn life(record: &Record) -> Option<Duration> {
        let Some(ends) = record.ends() else { return Some(LONGEST_LIFE) };
        let ends = ends.duration_since(UNIX_EPOCH).unwrap_or_default();
        let rest = ends.checked_sub(Duration::from_millis(wall::now()))?;
        (!rest.is_zero()).then_some(rest.min(LONGEST_LIFE))
    }

    fn remove(&self, removal: Removal) {
        let mut state = self.link().at_work();
        let waiters = match removal {
            Removal::Key(spot) => {
                state.leases.remove(&spot);
                state.waiting(spot)
            }
            Removal::Lease(spot, token) => {
                state.end_lease(spot, token);
                state.waiting(spot)
            }
            Removal::Function(_) | Removal::Tag(_) => Vec::new(),
        };
        self.link().remove(&mut state, removal);
        drop(state);
        drop(waiters);
    }
}

/// The last bytes of a record, which tell it from others.
fn checksum(record: &Record) -> Vec<u8> {
    let bytes = record.as_bytes();
    bytes[bytes.len().saturating_sub(8)..].to_vec()
}

impl RedisTier {
    fn question(&self, of: &Asked, old: Option<&Record>) -> Pending<Answer> {
        let (spot, old) = (Spot::of(of), old.map(checksum));
        self.ask_with(|token, promise| Sent::Ask { spot, token, old, promise })
    }

    /// Sends a question with a new token, unless the server is not asked now.
    fn ask_with(&self, question: impl FnOnce(u128, Promise<Answer>) -> Sent) -> Pending<Answer> {
        let link = self.link();
        let mut state = link.at_work();
        if !link.answers(&mut state) {
            return Pending::ready(Answer::Away);
        }
        let token = state.next_token();
        let (promise, pending) = Pending::promised(Answer::Away);
        link.send(&mut state, question(token, promise), None);
        pending
    }
}

impl Tier for RedisTier {
    fn ask(&self, of: &Asked) -> Pending<Answer> {
        self.question(of, None)
    }

    fn lend(&self, of: &Asked, old: &Record) -> Pending<Answer> {
        self.question(of, Some(old))
    }

    fn begin(&self, of: &Asked) -> Pending<Answer> {
        let spot = Spot::of(of);
        self.ask_with(|token, promise| Sent::Take { spot, token, promise })
    }

    fn keep(&self, of: &Asked, record: Record, lease: Option<Lease>) -> Pending<Kept> {
        let (link, spot) = (self.link(), Spot::of(of));
        let token = lease.filter(|lease| *lease != Lease::NONE).map(|Lease(token)| token);
        let tags: Vec<_> = record.tags().map(tag_hash).collect();
        let (life, part) = (Self::life(&record), tags_part(&tags));
        let mut state = link.at_work();
        let may_send = link.answers(&mut state) && record.as_bytes().len() <= LONGEST_RECORD;
        let (Some(life), Some(part), true) = (life, part, may_send) else {
            link.doubt(&mut state, spot);
            drop(state);
            if let Some(token) = token {
                self.remove(Removal::Lease(spot, token));
            }
            return Pending::ready(Kept::Failed);
        };
        if let Some(token) = token {
            state.end_lease(spot, token);
        }
        let (promise, pending) = Pending::promised(Kept::Failed);
        let value = Value { life, tags: &part, record: record.as_bytes() };
        link.send(&mut state, Sent::Keep { spot, token, tags, promise }, Some(&value));
        // The server does not tell this process what it does itself.
        let waiters = state.waiting(spot);
        drop(state);
        drop(waiters);
        pending
    }

    fn release(&self, of: &Asked, Lease(token): Lease) {
        self.remove(Removal::Lease(Spot::of(of), token));
    }

    fn bypassed(&self, of: &Asked) {
        let mut state = self.link().at_work();
        self.link().doubt(&mut state, Spot::of(of));
    }

    fn forget(&self, what: Forget<'_>) {
        let followers = &self.link().followers;
        match what {
            Forget::Key(of) => {
                self.remove(Removal::Key(Spot::of(of)));
                followers.forget(Spot::of(of));
            }
            Forget::Function(function) => {
                let function = function_hash(function);
                self.remove(Removal::Function(function));
                followers.forget_function(function);
            }
            Forget::Tag(tag) => {
                let tag = tag_hash(tag);
                self.remove(Removal::Tag(tag));
                followers.forget_tag(tag);
            }
        }
    }

    fn follow(&self, function: &Arc<Function>, cache: Weak<dyn FirstLevel>) -> bool {
        self.link().followers.add(function_hash(function), function.version(), cache);
        true
    }

    fn timeout(&self) -> Duration {
        self.link().config.timeout
    }

    fn flush(&self, at_most: Duration) -> bool {
        let mut state = self.link().at_work();
        if state.phase == Phase::Away {
            return false;
        }
        let (promise, pending) = Pending::promised(false);
        self.link().send(&mut state, Sent::Flush(promise), None);
        drop(state);
        pending.wait_for(at_most).unwrap_or(false)
    }

    fn status(&self) -> String {
        let link = self.link();
        link.status(&link.look())
    }
}

impl fmt::Debug for RedisTier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisTier({})", self.status())
    }
}

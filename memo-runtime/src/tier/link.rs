//! A tier below a cache with keys `K` and values `V`: where values become records, and records values.
//!
//! Nothing that a tier gives is trusted: the record, its function, its key and the shape of its value are checked.

use crate::base::catch_panic::caught;
use crate::base::sync;
use crate::config::stats::CacheInfo;
use crate::engine::below::{
    self, Above, AnyValue, Below, Given, Hold, OWN_TAG, Question, Reply, Since, Told, Waits,
};
use crate::entry::entry::Entry;
use crate::entry::entry_ref::EntryRef;
use crate::entry::entry_type::EntryType;
use crate::key::tags::Tag;
use crate::store::freshness::Life;
use crate::tier::around::{Desk, Found, Held};
use crate::tier::codec::{Codec, KeptKey};
use crate::tier::counts::Counts;
use crate::tier::digest::{digest, encode_key};
use crate::tier::event::{self, TierEvent};
use crate::tier::follower::{Follower, Quiet, quietly, tag_of};
use crate::tier::forgotten;
use crate::tier::origin::Origin;
use crate::tier::record::{Contents, Record};
use crate::tier::shape::shape_of;
use crate::tier::tier::{Asked, Forget, Function, Tier};
use crate::tier::under_way::UnderWay;
use crate::tier::wall;
use std::any::type_name;
use std::future::ready;
use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

/// The clocks of two processes differ by less.
const CLOCKS_DIFFER: Duration = Duration::from_secs(5);

/// The link between a cache and its tier.
pub(crate) struct Link<K, V, C>(Arc<Inner<K, V, C>>);

struct Inner<K, V, C> {
    codec: C,
    origin: Origin,
    function: OnceLock<Arc<Function>>,
    /// Told by the tier. The tier keeps a weak reference.
    follower: OnceLock<Arc<Follower>>,
    /// The tier that was asked to tell of changes, and whether it does.
    teller: Mutex<Option<(Weak<dyn Tier>, bool)>>,
    counts: Arc<Counts>,
    under_way: Arc<UnderWay>,
    /// The tier knows the tags that were invalidated before the cache was made.
    knows_tags: AtomicBool,
    told_of_no_name: AtomicBool,
    types: PhantomData<fn() -> (K, V)>,
}

// A tier is in charge of its own state after a panic, as a `Drop` is.
impl<K, V, C> UnwindSafe for Link<K, V, C> {}
impl<K, V, C> RefUnwindSafe for Link<K, V, C> {}

impl<K, V, C> Link<K, V, C>
where
    K: KeptKey + 'static,
    V: Clone + Send + 'static,
    C: Codec<V>,
{
    pub(crate) fn new(codec: C, origin: Origin) -> Self {
        Self(Arc::new(Inner {
            codec,
            origin,
            function: OnceLock::new(),
            follower: OnceLock::new(),
            teller: Mutex::new(None),
            counts: Arc::default(),
            under_way: Arc::default(),
            knows_tags: AtomicBool::new(false),
            told_of_no_name: AtomicBool::new(false),
            types: PhantomData,
        }))
    }
}

impl<K, V, C> Inner<K, V, C>
where
    K: KeptKey + 'static,
    V: Clone + Send + 'static,
    C: Codec<V>,
{
    fn key(entry: EntryRef) -> NonNull<K> {
        #[expect(unsafe_code, reason = "an engine has no types")]
        // SAFETY: the engine asks about its own entries, and has checked that they are of these types.
        NonNull::from(unsafe { &Entry::<K, V>::of(entry).key })
    }

    /// The tier and the call as it knows it. `None` if there is no tier now, or the key cannot be written.
    fn desk(&self, key: &K) -> Option<Desk> {
        let tier = self.origin.tier()?;
        let Some(function) = self.function.get().map(Arc::clone) else {
            self.counts.errors.add();
            self.tell_of_no_name();
            return None;
        };
        if !self.knows_tags.swap(true, Relaxed) {
            tell_of_tags(&*tier, &function);
        }
        let encoded = caught(|| {
            // With the shape of the key: fields that have changed their places or names make another key.
            let mut bytes = encode_key(key)?;
            bytes.extend(shape_of(key).to_le_bytes());
            let digest = digest(&bytes, key);
            Some((bytes, digest))
        });
        let Some((bytes, digest)) = encoded.flatten() else {
            self.counts.errors.add();
            return None;
        };
        let asked = Asked::new(function, bytes.into(), digest);
        let (counts, under_way) = (Arc::clone(&self.counts), Arc::clone(&self.under_way));
        Some(Desk { tier, asked, counts, under_way })
    }

    /// The records of a cache without a name cannot be told from those of others.
    #[cold]
    fn tell_of_no_name(&self) {
        if !self.told_of_no_name.swap(true, Relaxed) {
            let (key, value) = (type_name::<K>(), type_name::<V>());
            event::tell(&TierEvent::Away {
                status: format!(
                    "a cache with keys `{key}` and values `{value}` has a tier and no name, so nothing is kept: \
                     give it one by `Cache::builder().name(..)`"
                ),
            });
        }
    }

    /// Has the tier tell of changes. Returns whether it does.
    fn is_told(&self, tier: &Arc<dyn Tier>) -> bool {
        let (Some(function), Some(cache)) = (self.function.get(), self.follower.get()) else {
            return false;
        };
        let teller = || self.teller.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, tells)) = &*teller() {
            if ptr::addr_eq(known.as_ptr(), Arc::as_ptr(tier)) {
                return *tells;
            }
        }
        let cache = Arc::downgrade(cache);
        let tells = caught(|| tier.follow(function, cache)).unwrap_or(false);
        *teller() = Some((Arc::downgrade(tier), tells));
        tells
    }

    /// Calls a tier that may tell this cache of what the cache tells it. The cache knows.
    fn quietly(&self, call: impl FnOnce()) {
        quietly(Quiet::One(self.follower.get().map_or(ptr::null(), Arc::as_ptr)), call);
    }

    fn forget(&self, key: &K) {
        if let Some(desk) = self.desk(key) {
            self.under_way.forget(desk.asked.digest());
            self.quietly(|| desk.forget());
        }
    }

    /// The value of a record, if it is sound, and of this key and version.
    fn read(&self, record: &Record, asked: &Asked) -> Option<(V, u64, u64)> {
        let found = record.open().ok()?;
        let function = asked.function();
        let is_asked = found.function == function.name()
            && found.version == function.version()
            && asked.has_key(found.key);
        if !is_asked {
            return None;
        }
        let value = caught(|| {
            let value = self.codec.decode(found.payload)?;
            (self.codec.shape(&value) == found.shape).then_some(value)
        });
        Some((value??, found.born, found.fresh_until))
    }

    /// Asks the tier, and reads its record; after an `old` one that does not do, for another one or a lease. A record that is
    /// not sound is forgotten.
    fn ask(self: Arc<Self>, desk: Desk, waits: Waits, mut old: Option<Record>) -> Question {
        Box::pin(async move {
            // The second record, if need be.
            for _ in 0..2 {
                let record = match desk.clone().ask(waits, old).await {
                    Found::Record(record) => record,
                    Found::Lease(held) | Found::Nothing(held) => {
                        return Reply::Run(Some(self.holding(held)));
                    }
                };
                let now = wall::now();
                let read = self.read(&record, &desk.asked);
                if read.is_none() {
                    self.counts.errors.add();
                    desk.forget();
                }
                // If the clock was set back, the age of a record is not known.
                let read = read.filter(|(_, born, _)| *born <= wall::after(now, CLOCKS_DIFFER));
                let Some((value, born, fresh_until)) = read else {
                    old = Some(record);
                    continue;
                };
                let since = |from: u64, to: u64| Duration::from_millis(to.saturating_sub(from));
                let is_endless = fresh_until == wall::NEVER;
                let rest = if is_endless { Duration::MAX } else { since(now, fresh_until) };
                let (value, age) = (Box::new(Decoded(value)), since(born, now));
                let again = Box::new(move || self.ask(desk, waits, Some(record)));
                return Reply::Given(Given { value, age, rest, again });
            }
            self.counts.misses.add();
            Reply::Run(Some(self.holding(desk.without_tier())))
        })
    }

    fn holding(self: Arc<Self>, held: Held) -> Box<dyn Hold> {
        Box::new(Holding { inner: self, held })
    }
}

impl<K, V, C> Below for Link<K, V, C>
where
    K: KeptKey + 'static,
    V: Clone + Send + 'static,
    C: Codec<V>,
{
    fn is_for(&self, types: &EntryType) -> bool {
        typeid::of::<(K, V)>() == types.id()
    }

    fn join(&self, name: &str) {
        if name.is_empty() {
            return;
        }
        let _ = self.0.function.set(Arc::new(self.0.origin.function::<K, V>(name)));
    }

    fn follow(&self, cache: Weak<dyn Above>) {
        let _ = self.0.follower.set(Arc::new(Follower(cache)));
    }

    fn tag(&self, entry: EntryRef) -> Option<Tag> {
        let tier = self.0.origin.tier()?;
        if !self.0.is_told(&tier) {
            return None;
        }
        #[expect(unsafe_code, reason = "a key has no lifetime")]
        // SAFETY: the caller keeps the entry alive.
        let desk = self.0.desk(unsafe { Inner::<K, V, C>::key(entry).as_ref() })?;
        Some(tag_of(desk.asked.digest()).into())
    }

    fn ask(&self, entry: EntryRef, waits: Waits) -> Question {
        #[expect(unsafe_code, reason = "a key has no lifetime")]
        // SAFETY: the caller keeps the entry alive.
        let desk = self.0.desk(unsafe { Inner::<K, V, C>::key(entry).as_ref() });
        let Some(desk) = desk else { return Box::pin(ready(Reply::Run(None))) };
        let inner = Arc::clone(&self.0);
        inner.ask(desk, waits, None)
    }

    fn hold(&self, entry: EntryRef) -> Option<Box<dyn Hold>> {
        #[expect(unsafe_code, reason = "a key has no lifetime")]
        // SAFETY: the caller keeps the entry alive.
        let desk = self.0.desk(unsafe { Inner::<K, V, C>::key(entry).as_ref() })?;
        Some(Arc::clone(&self.0).holding(desk.hold(None)))
    }

    fn begin(&self, entry: EntryRef, waits: Waits) -> Question {
        #[expect(unsafe_code, reason = "a key has no lifetime")]
        // SAFETY: the caller keeps the entry alive.
        let desk = self.0.desk(unsafe { Inner::<K, V, C>::key(entry).as_ref() });
        let Some(desk) = desk else { return Box::pin(ready(Reply::Run(None))) };
        let inner = Arc::clone(&self.0);
        Box::pin(async move { Reply::Run(Some(inner.holding(desk.begin(waits).await))) })
    }

    fn bypassed(&self, entry: EntryRef) {
        #[expect(unsafe_code, reason = "a key has no lifetime")]
        // SAFETY: the caller keeps the entry alive.
        let desk = self.0.desk(unsafe { Inner::<K, V, C>::key(entry).as_ref() });
        if let Some(desk) = desk {
            self.0.quietly(|| desk.bypassed());
        }
    }

    fn forget(&self, entry: EntryRef) {
        #[expect(unsafe_code, reason = "a key has no lifetime")]
        // SAFETY: the caller keeps the entry alive.
        self.0.forget(unsafe { Inner::<K, V, C>::key(entry).as_ref() });
    }

    #[expect(unsafe_code, reason = "a key has no type")]
    unsafe fn forget_key(&self, key: NonNull<()>) {
        // SAFETY: by the condition of the trait.
        self.0.forget(unsafe { key.cast::<K>().as_ref() });
    }

    fn forget_runs(&self) {
        self.0.under_way.forget_all();
    }

    fn forget_all(&self, told: &mut Told) {
        self.0.counts.zero();
        let Some(tier) = self.0.origin.tier() else { return };
        self.0.under_way.forget_all();
        let Some(function) = self.0.function.get() else { return };
        if told.insert((address(&tier), Some(function.name().to_owned()))) {
            self.0.quietly(|| _ = caught(|| tier.forget(Forget::Function(function))));
        }
    }

    fn forget_tag(&self, tag: &str, told: &mut Told) {
        // Runs under way may have the tag.
        self.0.under_way.forget_all();
        forget_tag(self.0.origin.tier(), tag, told);
    }

    fn note(&self, asked: below::Asked) {
        match asked {
            below::Asked::Hit => self.0.counts.hits.add(),
            below::Asked::Miss => self.0.counts.misses.add(),
        }
    }

    fn count(&self, info: &mut CacheInfo, since: Since) {
        self.0.counts.add_to(info, since);
    }

    fn flush(&self, at_most: Duration) -> bool {
        let Some(tier) = self.0.origin.tier() else { return true };
        let start = sync::now();
        let are_handed_over = self.0.counts.keeps.wait(at_most);
        let left = at_most.saturating_sub(start.elapsed());
        caught(|| tier.flush(left)).unwrap_or(false) && are_handed_over
    }

    fn status(&self) -> String {
        let tier = self.0.origin.tier();
        tier.and_then(|tier| caught(|| tier.status())).unwrap_or_else(|| "off".to_owned())
    }
}

fn address(tier: &Arc<dyn Tier>) -> usize {
    Arc::as_ptr(tier).cast::<()>().addr()
}

/// Has a tier forget a tag, unless it was told already.
pub(crate) fn forget_tag(tier: Option<Arc<dyn Tier>>, tag: &str, told: &mut Told) {
    if let Some(tier) = tier.filter(|tier| told.insert((address(tier), None))) {
        // An invalidation in the whole process comes to the other caches as well.
        quietly(Quiet::All, || _ = caught(|| tier.forget(Forget::Tag(tag))));
    }
}

/// Has a tier forget the tags that were invalidated before a cache above it was made.
#[cold]
fn tell_of_tags(tier: &dyn Tier, function: &Function) {
    match forgotten::all() {
        Some(tags) => tags.iter().for_each(|tag| {
            caught(|| tier.forget(Forget::Tag(tag)));
        }),
        None => drop(caught(|| tier.forget(Forget::Function(function)))),
    }
}

/// A value that was read from a record.
struct Decoded<V>(V);

impl<V: Clone + Send> AnyValue for Decoded<V> {
    fn value(&self) -> NonNull<()> {
        NonNull::from(&self.0).cast()
    }

    fn write(&self, to: NonNull<()>) {
        #[expect(unsafe_code, reason = "an engine has no types")]
        // SAFETY: the engine gives room for a value of its type, which is this one.
        unsafe {
            to.cast().write(self.0.clone());
        }
    }
}

/// The right to keep a value of type `V`.
struct Holding<K, V, C> {
    inner: Arc<Inner<K, V, C>>,
    held: Held,
}

impl<K, V, C> Hold for Holding<K, V, C>
where
    K: KeptKey + 'static,
    V: Clone + Send + 'static,
    C: Codec<V>,
{
    fn is_miss(&self) -> bool {
        self.held.is_for_tier()
    }

    #[expect(unsafe_code, reason = "a value has no type")]
    unsafe fn keep(
        self: Box<Self>,
        value: NonNull<()>,
        life: &Life,
        tags: &[Arc<str>],
        cost: Option<Duration>,
    ) {
        let Self { inner, held } = *self;
        if !held.is_for_tier() {
            return inner.quietly(|| held.bypass());
        }
        // SAFETY: by the condition of the trait.
        let value = unsafe { value.cast::<V>().as_ref() };
        let codec = &inner.codec;
        let written = caught(|| codec.encode(value).map(|bytes| (bytes, codec.shape(value))));
        let Some((payload, shape)) = written.flatten() else {
            return inner.quietly(|| held.fail());
        };
        let asked = held.asked();
        let born = wall::now();
        let fresh_until = wall::after(born, life.length);
        let record = Contents {
            function: asked.function().name(),
            version: asked.function().version(),
            shape,
            began: held.began().millis(),
            born,
            fresh_until,
            ends: wall::after(fresh_until, life.kept),
            cost: cost.map_or(0, |cost| u64::try_from(cost.as_micros()).unwrap_or(u64::MAX)),
            key: &asked.key_in_records(),
            tags: tags.iter().map(|tag| &**tag).filter(|tag| !tag.starts_with(OWN_TAG)).collect(),
            payload: &payload,
        }
        .seal();
        match record {
            Some(record) => held.keep(record),
            None => inner.quietly(|| held.fail()),
        }
    }
}

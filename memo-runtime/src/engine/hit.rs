//! The look-up of a call in the common case, without the lock.

use crate::base::catch_panic::catch_panic;
use crate::base::clock::Clock;
use crate::base::sync::Ordering::{Acquire, Relaxed};
use crate::engine::core::Core;
use crate::engine::engine::Engine;
use crate::entry::entry::Entry;
use crate::entry::entry_ref::EntryRef;
use crate::key::lookup::Lookup;
use crate::scope::readers::{HitCount, ReadGuard, Readers};
use crate::scope::scope::Scope;
use crate::store::eviction::Touch;
use crate::store::table::{Buckets, Look};
use std::ptr::NonNull;

/// Why a look at the table has no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
// As large as it is read: what is read in larger pieces than it was written a processor has to wait for.
#[repr(u64)]
pub(crate) enum Miss {
    /// There was nothing.
    Nothing,
    /// Only [`Engine::look`] can tell.
    Unclear,
    /// It would have taken longer to look.
    Untried,
}

/// Where comparing or cloning panics, drops what somebody wanted to drop meanwhile. If that panics too, there
/// is one panic on its way already.
struct ReclaimOnPanic<'e, S: Scope>(&'e Core<S>);

impl<S: Scope> Drop for ReclaimOnPanic<'_, S> {
    #[cold]
    fn drop(&mut self) {
        catch_panic(|| {
            self.0.reclaim();
        });
    }
}

impl<K, V, S: Scope> Engine<K, V, S> {
    /// Whether something may have expired that was not given back yet.
    #[inline]
    pub(crate) fn is_due(&self) -> bool {
        self.core.clock != Clock::Unread && self.core.is_due()
    }

    /// [`hit`](Self::hit), of a call as it is looked up.
    #[inline]
    pub(crate) fn look_up<R, Q>(
        &self,
        hash: u64,
        query: &Q,
        answer: impl FnOnce(&V) -> R,
    ) -> Result<R, Miss>
    where
        Q: Lookup<Key = K>,
    {
        if self.is_due() {
            // The first attempt may have been told that something is wanted.
            self.core.reclaim();
            return Err(Miss::Unclear);
        }
        self.hit(hash, |key| query.matches(key), answer, false)
    }

    /// The look-up of a call in the common case, without the lock: there is one entry filed under the
    /// hash, and it is the one. Nothing [is due](Self::is_due). With `at_once`, which is written out by who
    /// calls this, whatever would take a call of a function of ours is left to be tried without.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn hit<R>(
        &self,
        hash: u64,
        equals: impl Fn(&K) -> bool,
        answer: impl FnOnce(&V) -> R,
        at_once: bool,
    ) -> Result<R, Miss> {
        let core = &self.core;
        let readers = &core.readers;
        // Before `reading`, so that it is dropped after it.
        let unwinding;
        let Some(reading) = readers.read(core.address(), Entry::<K, V>::IS_PLAIN, at_once) else {
            if at_once {
                return Err(Miss::Untried);
            }
            // The attempt may have been in somebody's way.
            core.reclaim();
            return Err(Miss::Unclear);
        };
        let mut unseen = Miss::Nothing;
        let further = || unseen = Miss::Untried;
        let Some(entry) = self.find(&reading, hash, at_once).found_or(further) else {
            return Err(self.leave(reading, at_once, unseen));
        };
        unwinding = ReclaimOnPanic(core);
        if !equals(&entry.key) {
            std::mem::forget(unwinding);
            let unseen = if at_once { Miss::Untried } else { Miss::Unclear };
            return Err(self.leave(reading, at_once, unseen));
        }
        // After `equals`, which may have evicted entries since: a stamp is later than all that was evicted.
        // Before it is known who reads: see `Core::register_thread`.
        let epoch = core.epoch.load(if S::SHARED { Acquire } else { Relaxed });
        match readers.count_hit(&reading) {
            _ if core.touch == Touch::None => {}
            HitCount::Alone(hits) => {
                entry.stamp.store(epoch + hits, Relaxed);
                if !readers.is_still_alone(&reading) {
                    let entry = NonNull::from(entry);
                    std::mem::forget(unwinding);
                    return Ok(self.hit_among_others(reading, entry, answer));
                }
            }
            HitCount::Several => {
                if entry.stamp.load(Relaxed) < epoch {
                    entry.stamp.fetch_max(epoch, Relaxed);
                }
            }
        }
        let entry = NonNull::from(entry);
        std::mem::forget(unwinding);
        Ok(self.answered(reading, entry, answer))
    }

    /// The end of a hit that was counted alone, when another thread has come before its stamp was stored, and
    /// may have left a later one that is lost now. The lock makes the present epoch known: without it, an old one
    /// may be read.
    #[cold]
    #[inline(never)]
    fn hit_among_others<R>(
        &self,
        reading: <S::Readers as Readers>::Guard<'_>,
        entry: NonNull<Entry<K, V>>,
        answer: impl FnOnce(&V) -> R,
    ) -> R {
        let epoch = self.core.alone(|| self.core.epoch.load(Relaxed));
        #[expect(unsafe_code, reason = "who reads without the lock reads what others own")]
        // SAFETY: `reading` still announces it: see `find`.
        unsafe {
            entry.as_ref().stamp.fetch_max(epoch, Relaxed);
        }
        self.answered(reading, entry, answer)
    }

    /// Answers with what was found, and ends to read.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn answered<R>(
        &self,
        reading: <S::Readers as Readers>::Guard<'_>,
        entry: NonNull<Entry<K, V>>,
        answer: impl FnOnce(&V) -> R,
    ) -> R {
        // In this order: what is wanted is dropped after `reading` has ended.
        let unwinding = ReclaimOnPanic(&self.core);
        let reading = reading;
        #[expect(unsafe_code, reason = "who reads without the lock reads what others own")]
        // SAFETY: `reading` still announces it: see `find`, which finds entries that are stored, and so have a
        // value.
        let result = answer(unsafe { entry.as_ref().stored_value() });
        std::mem::forget(unwinding);
        if reading.release() {
            return self.reclaimed(result);
        }
        result
    }

    /// Ends to read, and drops what somebody wanted to drop meanwhile.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn leave(
        &self,
        reading: <S::Readers as Readers>::Guard<'_>,
        at_once: bool,
        unseen: Miss,
    ) -> Miss {
        if at_once {
            // Who tries again will be told that it is wanted.
            return if reading.release_keep_request() { Miss::Untried } else { unseen };
        }
        if reading.release() {
            self.core.reclaim();
        }
        unseen
    }

    /// Passes a result on. To call this last takes no registers that were to be saved.
    #[cold]
    #[inline(never)]
    fn reclaimed<R>(&self, result: R) -> R {
        self.core.reclaim();
        result
    }

    /// The first stored entry under this hash. It lives as long as it is read.
    #[inline]
    fn find<'r>(
        &self,
        reading: &'r <S::Readers as Readers>::Guard<'_>,
        hash: u64,
        at_once: bool,
    ) -> Look<&'r Entry<K, V>> {
        let Some(table) = NonNull::new(self.core.table.load(Acquire)) else {
            return Look::Nothing;
        };
        #[expect(unsafe_code, reason = "who reads without the lock reads what others own")]
        // SAFETY: What `table` points at, and the entries that table points at, are owned by the store, or
        // by who computes them, and were when `reading` was announced; or they were taken out since. What
        // is taken out goes through `Core::discard`, which drops it once nobody reads it:
        // `Readers::has_no_readers` and `scan` tell, and `reading` tells them, of all tables and
        // entries of this engine until `hold`, and of this entry until it ends. A thread that has the
        // cache to itself drops nothing before `hold`. Nobody has a mutable reference to either after it
        // was published. Entries in the table of an engine are of its own type.
        unsafe {
            let see = |place: EntryRef| {
                // One that is being computed may have a value before it is stored.
                if !place.is_published(hash) {
                    return None;
                }
                reading.protect_entry(place.addr());
                Some(&*place.as_ptr().cast::<Entry<K, V>>())
            };
            let buckets = Buckets::of(table);
            if at_once { buckets.look(hash, see) } else { buckets.find(hash, see).into() }
        }
    }
}

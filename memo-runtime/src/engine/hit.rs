//! A hit: the look-up that takes no lock.
//!
//! It finds the entry in the store's [table](crate::store::table) while others change that table. A
//! [hazard pointer](crate::scope::hazard) keeps the entry alive while it is read. The hit counts itself in
//! a [cell of its thread](crate::scope::readers) and leaves a [stamp](crate::store) in the entry. It
//! writes nothing that a hit of another thread writes or reads.
//!
//! There are two attempts. The [first](Engine::quick_hit) is inlined into the memoized function and calls no
//! function of ours, so that the memoized function needs no stack frame and saves no registers. It gives up where
//! it would need a call. The [second](Engine::hit) is out of line and goes on where the first gave up. Both leave
//! what they cannot decide to the look-up under the lock: two keys of one hash, something that has expired,
//! a thread's first call.

use crate::base::catch_panic::catch_panic;
use crate::base::sync::Ordering::{Acquire, Relaxed};
use crate::engine::core::expiry::rarely;
use crate::engine::core::{Core, Equals};
use crate::engine::engine::Engine;
use crate::entry::entry::EntryPtr;
use crate::entry::entry_ref::{EntryRef, FaceRef};
use crate::key::hash::Hashing;
use crate::scope::readers::{HitCount, ReadGuard, Readers};
use crate::scope::scope::Scope;
use crate::store::table::{Buckets, Look};
use std::num::NonZero;
use std::ptr::NonNull;

/// A look-up without the lock that has no result.
#[derive(Debug, Clone, Copy)]
pub struct Miss {
    pub(crate) reason: Reason,
    /// The hash of the key, if it was hashed: user code hashes a key once.
    hash: Option<NonZero<u64>>,
}

/// Why a look-up without the lock has no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
// A word: a processor stalls where it reads more bytes than it has just written.
#[repr(u64)]
pub(crate) enum Reason {
    /// No stored entry has the hash. The thread is registered with the readers of the cache.
    Absent,
    /// The look-up under the lock can tell.
    Unclear,
    /// The second attempt can tell.
    GaveUp,
}

impl Miss {
    #[inline]
    fn new(reason: Reason, hash: u64) -> Self {
        Self { reason, hash: NonZero::new(hash) }
    }

    /// The cache was not looked at: it is not there yet, or is not found at once.
    #[inline]
    pub(crate) fn without_look() -> Self {
        Self { reason: Reason::GaveUp, hash: None }
    }

    /// The hash of the key.
    #[inline]
    pub(crate) fn hash(self, make: impl FnOnce() -> u64) -> u64 {
        self.hash.map_or_else(make, NonZero::get)
    }
}

/// Reclaims if comparing or cloning panics: others may have left that to this reader. If the reclaimed
/// entry panics too, there is one panic on its way already.
struct ReclaimOnPanic<'e, S: Scope>(&'e Core<S>);

impl<S: Scope> Drop for ReclaimOnPanic<'_, S> {
    #[cold]
    fn drop(&mut self) {
        catch_panic(|| {
            self.0.reclaim();
        });
    }
}

/// The entry of a cache whose hits leave a stamp or note their time. Such a cache is not compact.
#[inline]
fn whole(face: FaceRef) -> EntryRef {
    #[expect(unsafe_code, reason = "a compact entry has no header")]
    // SAFETY: a hit asks for it only where hits write to headers. Before they begin to do that, all compact entries are gone:
    // see `Core::set_touch`.
    unsafe {
        face.entry()
    }
}

impl<S: Scope> Engine<S> {
    /// The first attempt.
    ///
    /// `TIMED` is a hint. With it, the expiry check is inlined; that check calls a function. Without it, the attempt
    /// gives up in a cache whose entries expire. `is_plain` is that of the engine's [type](crate::entry::entry_type::EntryType).
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn quick_hit<const TIMED: bool, R>(
        &self,
        is_plain: bool,
        hash: impl FnOnce(Hashing) -> u64,
        matches: impl FnOnce(FaceRef) -> bool,
        answer: impl FnOnce(FaceRef) -> R,
    ) -> Result<R, Miss> {
        if TIMED && self.core.expiry.stops_first_attempt() {
            return Err(Miss { reason: self.core.expiry.stop(), hash: None });
        }
        let hash = hash(self.hashing);
        self.attempt::<true, TIMED, true, _>(is_plain, hash, matches, answer)
            .map_err(|reason| Miss::new(reason, hash))
    }

    /// The second attempt, or the only one where nothing is inlined.
    #[inline]
    pub(crate) fn hit<R>(
        &self,
        is_plain: bool,
        hash: u64,
        matches: impl FnOnce(FaceRef) -> bool,
        answer: impl FnOnce(FaceRef) -> R,
    ) -> Result<R, Miss> {
        if self.core.expiry.is_due() {
            // The first attempt may have kept others from reclaiming.
            self.core.reclaim();
            return Err(Miss::new(Reason::Unclear, hash));
        }
        self.attempt::<false, true, true, _>(is_plain, hash, matches, answer)
            .map_err(|reason| Miss::new(reason, hash))
    }

    /// A copy of the entry that has the key, in a cache that may be [compact](crate::store::compact). It is not counted.
    pub(super) fn copy(&self, hash: u64, equals: &Equals<'_>) -> Result<EntryPtr<S>, Reason> {
        let types = self.types();
        self.attempt::<false, true, false, _>(types.is_plain, hash, equals, |face| {
            #[expect(unsafe_code, reason = "a face has no types")]
            // SAFETY: the entries of an engine are of its type. Those of a cache that may be compact can be copied.
            unsafe {
                EntryPtr::of_face(face, types)
            }
        })
    }

    /// `QUICK` is the first attempt. `TIMED` says that nothing was [due](crate::engine::core::expiry::Expiry::is_due)
    /// a moment ago. `COUNTS` says that this is a hit, and no mere look. `matches` compares the key of an entry, and `answer` reads its value.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn attempt<const QUICK: bool, const TIMED: bool, const COUNTS: bool, R>(
        &self,
        is_plain: bool,
        hash: u64,
        matches: impl FnOnce(FaceRef) -> bool,
        answer: impl FnOnce(FaceRef) -> R,
    ) -> Result<R, Reason> {
        let core = &self.core;
        let readers = &core.readers;
        // Declared before `reading`, and so dropped after it.
        let unwinding;
        let Some(reading) = readers.read::<QUICK>(core.address(), is_plain) else {
            if QUICK {
                return Err(Reason::GaveUp);
            }
            // The first attempt may have kept others from reclaiming.
            core.reclaim();
            return Err(Reason::Unclear);
        };
        let mut reason = Reason::Absent;
        let further = || reason = Reason::GaveUp;
        let Some(entry) = self.find::<QUICK>(&reading, hash).found_or(further) else {
            return Err(self.leave::<QUICK>(reading, reason));
        };
        unwinding = ReclaimOnPanic(core);
        if !matches(entry) {
            std::mem::forget(unwinding);
            let reason = if QUICK { Reason::GaveUp } else { Reason::Unclear };
            return Err(self.leave::<QUICK>(reading, reason));
        }
        if !COUNTS {
            // It leaves no trace.
        } else if core.on_hit.stamps::<TIMED>() {
            if !self.count_and_stamp(&reading, whole(entry)) {
                std::mem::forget(unwinding);
                return Ok(self.hit_among_others(reading, entry, answer));
            }
        } else {
            rarely();
            if !core.on_hit.counts::<TIMED>() {
                std::mem::forget(unwinding);
                return Err(self.leave::<QUICK>(reading, Reason::GaveUp));
            }
            // The first attempt does not get as far where hits note their time: it would need a call.
            if QUICK || !core.on_hit.notes_time() {
                readers.count_hit(&reading);
            } else if !self.count_and_note_time(&reading, whole(entry), hash) {
                std::mem::forget(unwinding);
                return Err(self.leave::<QUICK>(reading, Reason::Unclear));
            }
        }
        std::mem::forget(unwinding);
        Ok(self.answered(reading, entry, answer))
    }

    /// Counts a hit, and leaves its stamp. Returns `false` if it counted itself as alone, and another thread came before the
    /// stamp was stored: the stamp has yet to be [corrected](Self::correct_stamp).
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn count_and_stamp(
        &self,
        reading: &<S::Readers as Readers>::Guard<'_>,
        entry: EntryRef,
    ) -> bool {
        // The epoch is read after `matches`: that may make calls which evict entries, and the stamp must be
        // later than the stamps of those. It is read before `count_hit` tells whether the thread is alone:
        // see `Core::register_thread`.
        let epoch = self.core.epoch.load(if S::SHARED { Acquire } else { Relaxed });
        match self.core.readers.count_hit(reading) {
            HitCount::Alone(hits) => {
                entry.stamp.store(epoch + hits, Relaxed);
                self.core.readers.is_still_alone(reading)
            }
            HitCount::Several => {
                if entry.stamp.load(Relaxed) < epoch {
                    entry.stamp.fetch_max(epoch, Relaxed);
                }
                true
            }
        }
    }

    /// Counts a hit in a cache with a time to idle, and notes its time. Returns `false` if it does neither: the look-up under
    /// the lock can tell.
    #[cold]
    #[inline(never)]
    fn count_and_note_time(
        &self,
        reading: &<S::Readers as Readers>::Guard<'_>,
        entry: EntryRef,
        hash: u64,
    ) -> bool {
        // Before it is counted: no hit that was counted is overlooked when the idle life ends.
        if !self.core.note_time(entry, hash) {
            return false;
        }
        if !self.core.on_hit.stamps_timed() {
            self.core.readers.count_hit(reading);
        } else if !self.count_and_stamp(reading, entry) {
            self.correct_stamp(entry);
        }
        true
    }

    /// Corrects the stamp of a hit that counted itself as alone, where another thread came before the stamp was stored.
    ///
    /// That thread may have left a later stamp, which the store has overwritten. The lock makes the present epoch
    /// visible; without it, an old one may be read.
    fn correct_stamp(&self, entry: EntryRef) {
        let epoch = self.core.with_lock(|| self.core.epoch.load(Relaxed));
        entry.stamp.fetch_max(epoch, Relaxed);
    }

    /// The end of such a hit.
    #[cold]
    #[inline(never)]
    fn hit_among_others<R>(
        &self,
        reading: <S::Readers as Readers>::Guard<'_>,
        entry: FaceRef,
        answer: impl FnOnce(FaceRef) -> R,
    ) -> R {
        self.correct_stamp(whole(entry));
        self.answered(reading, entry, answer)
    }

    /// Answers with the value of the entry, and ends the reading.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn answered<R>(
        &self,
        reading: <S::Readers as Readers>::Guard<'_>,
        entry: FaceRef,
        answer: impl FnOnce(FaceRef) -> R,
    ) -> R {
        // In this order: `reading` ends before `unwinding` reclaims.
        let unwinding = ReclaimOnPanic(&self.core);
        let reading = reading;
        let result = answer(entry);
        std::mem::forget(unwinding);
        if reading.release() {
            return self.reclaimed(result);
        }
        result
    }

    /// Ends a reading that has no result. Reclaims if others could not because of it.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn leave<const QUICK: bool>(
        &self,
        reading: <S::Readers as Readers>::Guard<'_>,
        reason: Reason,
    ) -> Reason {
        if QUICK {
            // The second attempt is told again, and reclaims.
            return if reading.release_keep_request() { Reason::GaveUp } else { reason };
        }
        if reading.release() {
            self.core.reclaim();
        }
        reason
    }

    /// Reclaims, and passes a result on. Called last, it saves no registers.
    #[cold]
    #[inline(never)]
    fn reclaimed<R>(&self, result: R) -> R {
        self.core.reclaim();
        result
    }

    /// The first stored entry of this hash. It has a value, and lives until the reading ends.
    #[inline]
    fn find<const QUICK: bool>(
        &self,
        reading: &<S::Readers as Readers>::Guard<'_>,
        hash: u64,
    ) -> Look<FaceRef> {
        let Some(table) = NonNull::new(self.core.table.load(Acquire)) else {
            return Look::Nothing;
        };
        #[expect(unsafe_code, reason = "a reader without the lock reads what others own")]
        // SAFETY: The store owns the table that `table` points at. An entry in that table is owned by the
        // store, or by the run that computes it. Table and entries were owned like that when `reading` was
        // announced, or they were taken out since.
        //
        // Everything that is taken out goes through `Core::discard`, which drops it once nobody reads it. It learns that from
        // `Readers::has_no_readers` and `scan`, and these see `reading`: up to `protect_entry` it
        // announces all tables and entries of this engine, and from then on, until it ends, this entry. A thread
        // that has the cache to itself drops nothing before `protect_entry`.
        //
        // Nobody has a mutable reference to a table or an entry after it was published.
        unsafe {
            let see = |entry: FaceRef| {
                // An entry that is being computed may have a value before it is stored.
                if !entry.is_published(hash) {
                    return None;
                }
                reading.protect_entry(entry.addr());
                Some(entry)
            };
            let buckets = Buckets::of(table);
            if QUICK { buckets.look(hash, see) } else { buckets.find(hash, see).into() }
        }
    }
}

//! A pair of fences: a light one for readers, which costs nothing, and a heavy one for reclaimers, which costs for both.
//!
//! A reader stores and then loads. The processor must not load first, and the full fence against that takes as long as
//! the rest of a hit. Linux can instead put a full fence into every thread of the process on demand (`membarrier(2)`;
//! Facebook's Folly and `liburcu` use it in the same way). On other systems, and if the system refuses, both sides use
//! a full fence.
//!
//! # What rests on it
//!
//! A heavy fence is a full fence of its caller. It is also a full fence of each other thread, at some moment
//! between the beginning and the end of the call. A light fence keeps the compiler from moving memory accesses
//! across it. So this moment falls between two steps of the program as it is written.
//!
//! Each protocol below is a litmus test in `models/litmus`, under weak memory, for every moment at which the heavy
//! fence may strike. Each test fails without its fence.
//!
//! **Protecting and retiring** (store buffering). A reader sets its hazard to the table, then loads from the table:
//!
//! ```text
//! reader   hazard = the table; light; entry = table; hazard = entry; use entry; hazard = 0
//! writer   table = null; heavy; scan the hazards; drop the entry if no hazard is the entry or the table
//! ```
//!
//! If the heavy fence strikes the reader before it sets its hazard, the reader finds the table without the entry.
//! If it strikes after, the scan sees that hazard, or a later value of it. The reader stores a later value with `Release`,
//! after its last use of the entry, and the scan loads it with `Acquire`.
//!
//! **The request** (store buffering). The scan finds that the entry is being read, and requests the reader to reclaim it:
//!
//! ```text
//! reader   hazard = 0; light; load requested; if it is set, reclaim
//! writer   requested = true; heavy; scan the hazards again; keep the entry if it is still read, or else drop it
//! ```
//!
//! If the heavy fence strikes the reader before its last store, the reader sees the request. If it strikes
//! after, the second scan sees the store. So one of the two drops the entry. The writer scans and keeps the entry under
//! one lock. The reader takes that lock to reclaim, and so finds an entry that was kept.
//!
//! **From one thread to several.** A thread that is alone counts its hits and stamps entries with plain stores.
//! A second thread joins:
//!
//! ```text
//! first    load epoch; count = hits; load alone; stamp = epoch + hits; light; load alone
//! second   lock; alone = false; heavy; load count; epoch += count + depth + 1; unlock; stamp = max(stamp, epoch)
//! ```
//!
//! If the heavy fence strikes before the first look at `alone`, the hit raises the stamp as among several threads. If it
//! strikes between that look and the store, the late store may replace a later stamp of the second thread. The second
//! look at `alone` then finds that the thread is not alone, because it comes after the store and so after the fence. The
//! first thread has to raise the stamp to the epoch. It must read the epoch under the lock, or after it has held the
//! lock. Without the lock, it may read an old epoch, older than the stamp that it has replaced. A full fence of its own
//! does not prevent this, because the second thread has no fence between the epoch and the stamp. If the heavy fence strikes after the store, the second thread sees the
//! store, and its own stamps come later. In each case the second thread counts all hits that have a stamp,
//! except those that the first thread is in the middle of: `depth` is added for them. So each stamp that is given out under
//! the lock is later than all others.

#[cfg(all(
    target_os = "linux",
    not(miri),
    not(all(test, memofn_models)),
    not(memofn_plain_fences)
))]
mod system {
    #![expect(unsafe_code, reason = "a system call")]

    use std::sync::atomic::Ordering::SeqCst;
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed, compiler_fence};

    static REGISTERED: AtomicBool = AtomicBool::new(false);

    fn membarrier(command: libc::c_int) -> bool {
        // SAFETY: the call takes three integers and accesses no memory of ours.
        unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
    }

    /// The fence of a reader.
    #[derive(Debug)]
    pub(crate) struct Light {
        is_registered: bool,
    }

    impl Light {
        /// Registers the process for heavy fences. Keep the result: it says which fence a reader needs.
        pub(crate) fn prepare() -> Self {
            if !REGISTERED.load(Relaxed) {
                let registered = membarrier(libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED)
                    && membarrier(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED);
                // Never unset: readers rely on it.
                if registered {
                    REGISTERED.store(true, Relaxed);
                }
            }
            Self { is_registered: REGISTERED.load(Relaxed) }
        }

        #[inline]
        pub(crate) fn fence(&self) {
            if self.is_registered { compiler_fence(SeqCst) } else { super::full() }
        }
    }

    pub(crate) fn heavy() -> bool {
        super::full();
        !REGISTERED.load(Relaxed) || membarrier(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED)
    }
}

#[cfg(not(all(
    target_os = "linux",
    not(miri),
    not(all(test, memofn_models)),
    not(memofn_plain_fences)
)))]
mod system {
    /// The fence of a reader.
    #[derive(Debug)]
    pub(crate) struct Light(());

    impl Light {
        pub(crate) fn prepare() -> Self {
            Self(())
        }

        pub(crate) fn fence(&self) {
            super::full();
        }
    }

    pub(crate) fn heavy() -> bool {
        super::full();
        true
    }
}

pub(crate) use system::{Light, heavy};

/// A full fence, to pair with other full fences.
#[inline]
pub(crate) fn full() {
    crate::base::sync::fence(crate::base::sync::Ordering::SeqCst);
}

//! A pair of fences of unequal price: those who read often pay nothing, those who reclaim seldom pay
//! for both.
//!
//! Who stores and then loads has to keep the processor from doing the second before the first, with a
//! fence that takes as long as all the rest of a hit. Linux can put one into every thread of the process
//! instead, when it is asked to (`membarrier(2)`; the technique is that of the "asymmetric barriers" in
//! Facebook's Folly and of `liburcu`). Elsewhere, and where the system refuses, both sides use the fence.
//!
//! # What rests on it
//!
//! A heavy fence is a full fence of its caller. It is also a full fence of each other thread, at some moment
//! between the beginning and the end of the call. A light fence keeps the compiler from moving memory accesses
//! across it, so that this moment falls between two steps of the program as it is written.
//!
//! Each protocol below is a litmus test in `litmus.rs`, under weak memory, for every moment at which the heavy
//! fence may strike. Each test fails when its fence is left out.
//!
//! **Announcing and retiring** (store buffering). A reader announces that it walks, then loads from the table:
//!
//! ```text
//! reader   announced = walking; light; entry = table; announced = entry; use entry; announced = 0
//! writer   table = null; heavy; scan announced; drop the entry if nobody has announced it or a walk
//! ```
//!
//! If the heavy fence strikes the reader before its announcement, the reader finds the table without the entry.
//! If it strikes after, the scan sees the announcement, or what the same reader announced later. The reader
//! stores that with `Release` when it is done with the entry, and the scan loads it with `Acquire`.
//!
//! **The request** (store buffering). The scan finds an entry that is read, and asks to be told:
//!
//! ```text
//! reader   announced = 0; light; load wanted; if it is set, reclaim up
//! writer   wanted = true; heavy; scan announced again; keep the entry if it is still read, or else drop it
//! ```
//!
//! If the heavy fence strikes the reader before its last store, the reader sees the request. If it strikes
//! after, the second scan sees the store. So one of the two drops the entry. The writer scans and keeps under
//! the lock that the reader takes to reclaim up: the reader finds what was kept.
//!
//! **Alone, and then several.** A thread that is alone counts its hits and stamps entries with plain stores.
//! Another joins:
//!
//! ```text
//! first    load epoch; count = hits; load alone; stamp = epoch + hits; light; load alone
//! second   lock; alone = false; heavy; load count; epoch += count + depth + 1; unlock; stamp = max(stamp, epoch)
//! ```
//!
//! If the heavy fence strikes before the first look at `alone`, the hit raises the stamp as among others. If it
//! strikes between that and the store, the late store may replace a later stamp of the second thread. The second
//! look sees that, because it comes after the store and so after the fence. It then has to raise the stamp to the
//! epoch. It must read the epoch under the lock, or after having had the lock. Without the lock it may read an epoch
//! from before the stamp that it has replaced, even with a full fence of its own: the second thread has no
//! fence between the epoch and the stamp. If the heavy fence strikes after the store, the second thread sees the
//! store, and its own stamps come later. In each case the hits that it counts are all that were stamped,
//! but those that the first thread is in the middle of, which `depth` allows for. So the lock hands out no
//! stamp that is not the latest of all.

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
        // SAFETY: the call takes three integers and touches no memory of ours.
        unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
    }

    /// The fence of those who read.
    #[derive(Debug)]
    pub(crate) struct Light {
        is_registered: bool,
    }

    impl Light {
        /// To be kept where it is at hand.
        pub(crate) fn prepare() -> Self {
            if !REGISTERED.load(Relaxed) {
                let registered = membarrier(libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED)
                    && membarrier(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED);
                // Once it is, it stays so: readers rely on it.
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
    /// The fence of those who read.
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

/// The fence of those who deal with others that use it too.
#[inline]
pub(crate) fn full() {
    crate::base::sync::fence(crate::base::sync::Ordering::SeqCst);
}

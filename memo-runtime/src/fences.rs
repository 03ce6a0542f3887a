//! A pair of fences of unequal price: those who read often pay nothing, those who reclaim seldom pay
//! for both.
//!
//! Who stores and then loads has to keep the processor from doing the second before the first, with a
//! fence that takes as long as all the rest of a hit. Linux can put one into every thread of the process
//! instead, when it is asked to (`membarrier(2)`; the technique is that of the "asymmetric barriers" in
//! Facebook's Folly and of `liburcu`). Elsewhere, and where the system refuses, both sides use the fence.

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
    crate::sync::fence(crate::sync::Ordering::SeqCst);
}

//! Which process this is. A forked child has the memory of its parent, but not the parent's threads.

/// A number of this process. A forked child has another one than its parent, on systems whose processes can fork.
///
/// It is asked for often, so it takes no system call on Linux. A fork that goes around the C library is not noticed there.
pub(crate) fn number() -> u32 {
    #[cfg(all(target_os = "linux", not(miri)))]
    if let Some(forks) = linux::forks() {
        return forks;
    }
    if cfg!(unix) { std::process::id() } else { 0 }
}

#[cfg(all(target_os = "linux", not(miri)))]
#[expect(unsafe_code, reason = "the C library tells of forks")]
mod linux {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    /// How many forks lie between the first process and this one.
    static FORKS: AtomicU32 = AtomicU32::new(0);

    extern "C" fn forked() {
        FORKS.fetch_add(1, Relaxed);
    }

    /// `None` if the C library does not tell of forks.
    pub(super) fn forks() -> Option<u32> {
        static IS_TOLD: OnceLock<bool> = OnceLock::new();
        // SAFETY: the function lives as long as the process, and only adds to a number, which is allowed in a forked child.
        let is_told = || unsafe { libc::pthread_atfork(None, None, Some(forked)) } == 0;
        IS_TOLD.get_or_init(is_told).then(|| FORKS.load(Relaxed))
    }
}

#[cfg(all(test, target_os = "linux", not(miri)))]
mod tests {
    #![expect(unsafe_code, reason = "a process is forked")]

    use super::*;

    #[test]
    fn a_forked_child_has_another_number() {
        let parents = number();
        // SAFETY: the child makes no other call than one that reads a number, and ends without exit handlers.
        let child = unsafe { libc::fork() };
        if child == 0 {
            // SAFETY: it ends the child.
            unsafe { libc::_exit(i32::from(number() == parents)) };
        }
        assert!(child > 0, "a process can be forked");
        let mut status = 0;
        // SAFETY: it is a child of this process, and the number is written.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert_eq!(status, 0, "the number is another one");
        assert_eq!(number(), parents);
    }
}

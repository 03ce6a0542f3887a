//! How many sockets fit: a process may open only so many files.

use std::fmt;

/// What the program has open besides sockets of visitors and of the upstream, with some to spare.
const OTHERS: usize = 64;

/// How the descriptors of this process are shared out.
pub(crate) struct Plan {
    /// Visitors who can be connected at once.
    pub(crate) visitors: usize,
    /// Connections to the upstream: they take two each, for both ends are here.
    pub(crate) upstream: usize,
    limit: Option<usize>,
    raised_from: Option<usize>,
}

impl Plan {
    /// Sees what fits, and asks the system for more if these do not.
    pub(crate) fn for_at_most(visitors: usize, upstream: usize) -> Self {
        let wanted = visitors + 2 * upstream + OTHERS;
        let before = system::limit();
        if before.is_some_and(|limit| limit < wanted) {
            system::raise(wanted);
        }
        let limit = system::limit();
        let plan =
            Self { visitors, upstream, limit, raised_from: before.filter(|_| before != limit) };
        match limit {
            Some(limit) if limit < wanted => {
                let free = limit.saturating_sub(OTHERS).max(3);
                let upstream = upstream.min(free / 6).max(1);
                Self { visitors: visitors.min(free - 2 * upstream), upstream, ..plan }
            }
            _ => plan,
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.limit {
            None => f.write_str("files a process may open: not limited")?,
            Some(limit) => write!(f, "files a process may open: {limit}")?,
        }
        match self.raised_from {
            None => Ok(()),
            Some(before) => write!(f, ", raised from {before} for this program"),
        }
    }
}

#[cfg(unix)]
mod system {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    pub(super) fn limit() -> Option<usize> {
        getrlimit(Resource::Nofile).current.and_then(|limit| usize::try_from(limit).ok())
    }

    /// Raises the limit to `wanted`, or as far as it may go. The processes started from here inherit it.
    pub(super) fn raise(wanted: usize) {
        let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
        let wanted = u64::try_from(wanted).unwrap_or(u64::MAX);
        let current = Some(maximum.map_or(wanted, |maximum| maximum.min(wanted)));
        // A limit that cannot be raised stays, and fewer visitors come.
        let _ = setrlimit(Resource::Nofile, Rlimit { current, maximum });
    }
}

#[cfg(not(unix))]
mod system {
    pub(super) fn limit() -> Option<usize> {
        None
    }

    pub(super) fn raise(_: usize) {}
}

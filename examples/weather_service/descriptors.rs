//! The number of sockets that fit into the limit of open files.

use std::fmt;

/// Files that are open besides the sockets of visitors and the upstream, with some to spare.
const OTHERS: usize = 64;

/// The use of this process's file descriptors.
pub(crate) struct Plan {
    /// Visitors that can be connected at once.
    pub(crate) visitors: usize,
    /// Connections to the upstream. Each takes two descriptors, because both ends are in this process.
    pub(crate) upstream: usize,
    limit: Option<usize>,
    raised_from: Option<usize>,
}

impl Plan {
    /// Plans for these numbers, and raises the limit for them. If it stays too low, plans for fewer.
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
            None => f.write_str("no limit of open files")?,
            Some(limit) => write!(f, "at most {limit} open files")?,
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

    /// Raises the limit to `wanted`, or as far as allowed. Child processes inherit the limit.
    pub(super) fn raise(wanted: usize) {
        let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
        let wanted = u64::try_from(wanted).unwrap_or(u64::MAX);
        let current = Some(maximum.map_or(wanted, |maximum| maximum.min(wanted)));
        // If this fails, the limit stays and fewer visitors come.
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

//! The runs of a cache that may keep their results, by key, and what was forgotten or kept meanwhile.
//!
//! A result is kept only if its key was not forgotten since its run began, and no later run has kept its own. A tier with
//! leases sees to that as well. This does so for all, between the threads of one process.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The runs under way.
#[derive(Debug, Default)]
pub(crate) struct UnderWay(Mutex<HashMap<u128, Runs>>);

/// The runs of one key.
#[derive(Debug, Default)]
struct Runs {
    count: usize,
    /// How many of them have a lease of the tier.
    leases: usize,
    /// Raised when the key is forgotten, and when a result is kept.
    serial: u64,
}

impl UnderWay {
    fn lock(&self) -> MutexGuard<'_, HashMap<u128, Runs>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A run begins. Returns the serial of its key.
    pub(crate) fn begin(&self, digest: u128, has_lease: bool) -> u64 {
        let mut all = self.lock();
        let runs = all.entry(digest).or_default();
        runs.count += 1;
        runs.leases += usize::from(has_lease);
        runs.serial
    }

    /// A run ends.
    pub(crate) fn end(&self, digest: u128, had_lease: bool) {
        let mut all = self.lock();
        let Some(runs) = all.get_mut(&digest) else { return };
        runs.count -= 1;
        runs.leases -= usize::from(had_lease);
        if runs.count == 0 {
            all.remove(&digest);
        }
    }

    /// Whether a run of this process has the lease of the key.
    pub(crate) fn has_lease(&self, digest: u128) -> bool {
        self.lock().get(&digest).is_some_and(|runs| runs.leases > 0)
    }

    /// The key is forgotten: no run of it that is under way keeps its result.
    pub(crate) fn forget(&self, digest: u128) {
        if let Some(runs) = self.lock().get_mut(&digest) {
            runs.serial += 1;
        }
    }

    /// All keys are forgotten.
    pub(crate) fn forget_all(&self) {
        self.lock().values_mut().for_each(|runs| runs.serial += 1);
    }

    /// Whether the key has this serial still. If so, it has another one from now on, which is returned: runs that began
    /// earlier keep nothing.
    pub(crate) fn keeps(&self, digest: u128, serial: u64) -> Option<u64> {
        let mut all = self.lock();
        let runs = all.get_mut(&digest).filter(|runs| runs.serial == serial)?;
        runs.serial += 1;
        Some(runs.serial)
    }

    /// Whether the key has this serial.
    pub(crate) fn is_at(&self, digest: u128, serial: u64) -> bool {
        self.lock().get(&digest).is_some_and(|runs| runs.serial == serial)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_run_that_keeps_is_the_last_that_ends_unless_the_key_was_forgotten() {
        let runs = UnderWay::default();
        let (old, new) = (runs.begin(1, true), runs.begin(1, false));
        assert!(runs.has_lease(1) && !runs.has_lease(2));
        let kept = runs.keeps(1, new).expect("nothing has happened since");
        assert!(runs.is_at(1, kept));
        assert_eq!(runs.keeps(1, old), None, "a later run has kept its result");
        let newest = runs.begin(1, false);
        runs.forget(1);
        assert!(!runs.is_at(1, kept));
        assert_eq!(runs.keeps(1, newest), None);
        let other = runs.begin(2, false);
        runs.forget_all();
        assert_eq!(runs.keeps(2, other), None);
        runs.end(1, true);
        assert!(!runs.has_lease(1));
        (0..2).for_each(|_| runs.end(1, false));
        runs.end(2, false);
        assert!(runs.lock().is_empty());
    }
}

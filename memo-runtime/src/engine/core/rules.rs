//! The rules in force for the calls of a cache.

use super::Core;
use crate::base::sync::Ordering::Relaxed;
use crate::engine::switch;
use crate::scope::scope::Scope;
use std::ptr::null_mut;

/// How a call uses the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// It looks the result up.
    Usual,
    /// It runs the body and leaves the cache alone.
    Bypass,
    /// It looks the result up, and may run the body as well.
    Check,
    /// It looks the result up, here and below.
    Below,
}

impl<S: Scope> Core<S> {
    const OFF: u8 = 1;
    const CHECKED: u8 = 2;
    /// Something stands below this cache. It never changes.
    pub(super) const BELOW: u8 = 4;
    /// All look-ups take the lock.
    pub(super) const LOCKED: u8 = 8;

    fn set_rule(&self, rule: u8, is_in_force: bool) {
        self.locked(|_| self.put_rule(rule, is_in_force));
    }

    /// [`set_rule`](Self::set_rule), under the lock.
    pub(super) fn put_rule(&self, rule: u8, is_in_force: bool) {
        let others = self.rules.load(Relaxed) & !rule;
        self.rules.store(if is_in_force { others | rule } else { others }, Relaxed);
        // If look-ups may see the table after this, it is shown again.
        self.table.store(null_mut(), Relaxed);
    }

    /// Has calls that start from now on use this cache or bypass it.
    pub(crate) fn enable(&self, enabled: bool) {
        self.set_rule(Self::OFF, !enabled);
    }

    /// Has hits that start from now on be [checked](crate::engine::purity), or no longer.
    pub(crate) fn set_checked(&self, is_checked: bool) {
        self.set_rule(Self::CHECKED, is_checked);
    }

    /// Whether calls bypass this cache: it is off, or all are.
    pub(crate) fn is_off(&self) -> bool {
        self.rules.load(Relaxed) & Self::OFF != 0 || switch::is_off()
    }

    /// The rule for a call that starts now. One that bypasses the cache is counted.
    #[inline]
    pub(crate) fn rule(&self) -> Rule {
        if self.rules.load(Relaxed) == 0 && !switch::is_off() {
            return Rule::Usual;
        }
        self.other_rule()
    }

    #[cold]
    #[inline(never)]
    fn other_rule(&self) -> Rule {
        if self.is_off() {
            self.count_bypassed(1);
            return Rule::Bypass;
        }
        match self.rules.load(Relaxed) {
            rules if rules & Self::CHECKED != 0 => Rule::Check,
            rules if rules & Self::BELOW != 0 => Rule::Below,
            _ => Rule::Usual,
        }
    }

    pub(crate) fn count_bypassed(&self, calls: u64) {
        self.locked_as_is(|state| state.counts.bypassed += calls);
    }
}

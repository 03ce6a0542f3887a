//! Questions and orders about a whole cache.
//!
//! A tier below the cache is told before the cache forgets.

use crate::base::sync::Arc;
use crate::config::parameters::CacheParameters;
use crate::config::stats::CacheInfo;
use crate::engine::below::{Since, Told};
use crate::engine::engine::Engine;
use crate::engine::purity::Checker;
use crate::engine::settings::Settings;
use crate::entry::entry::EntryPtr;
use crate::entry::entry_ref::EntryRef;
use crate::scope::scope::{Lock, Scope};

impl<S: Scope> Engine<S> {
    pub(crate) fn info(&self) -> CacheInfo {
        let mut info = self.core.info();
        if let Some(below) = &self.below {
            below.count(&mut info, Since::Zeroed);
        }
        info
    }

    /// All that was counted since the cache was made.
    #[cfg(feature = "metrics")]
    pub(crate) fn totals(&self) -> CacheInfo {
        let mut totals = self.core.totals();
        if let Some(below) = &self.below {
            below.count(&mut totals, Since::Made);
        }
        totals
    }

    /// The options in force.
    pub(crate) fn parameters(&self) -> CacheParameters {
        CacheParameters { maxsize: self.core.maxsize(), ..self.parameters.clone() }
    }

    /// All that another cache with these options is made of. Nothing stands below that one.
    pub(crate) fn settings(&self) -> Settings {
        let (functions, listener) = (self.functions, self.core.listener());
        let parameters = self.parameters();
        Settings { parameters, functions, listener, below: None, are_copy: false }
    }

    /// Sets the most entries held, and evicts what is too much.
    pub(crate) fn set_maxsize(&self, maxsize: Option<usize>) {
        self.core.set_maxsize(maxsize);
    }

    /// Has calls use this cache or bypass it.
    pub(crate) fn enable(&self, enabled: bool) {
        self.core.enable(enabled);
    }

    /// Whether calls use this cache.
    pub(crate) fn is_enabled(&self) -> bool {
        !self.core.is_off()
    }

    /// Has hits be checked. The checker is of the engine's types.
    pub(crate) fn begin_check(&self, checker: Arc<Checker>) {
        self.checkers.with(|checkers| {
            checkers.push(checker);
            self.core.set_checked(true);
        });
    }

    /// Ends a check.
    pub(crate) fn end_check(&self, checker: &Arc<Checker>) {
        self.checkers.with(|checkers| {
            checkers.retain(|it| !Arc::ptr_eq(it, checker));
            self.core.set_checked(!checkers.is_empty());
        });
    }

    /// The check in force.
    pub(crate) fn checker(&self) -> Option<Arc<Checker>> {
        self.checkers.with(|checkers| checkers.last().cloned())
    }

    /// Whether no run and no check is under way.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.flights_under_way() == 0 && self.checker().is_none()
    }

    /// How many runs are under way.
    pub(crate) fn flights_under_way(&self) -> usize {
        self.core.flights_under_way()
    }

    /// Forgets every entry, zeroes the counters, and keeps runs under way from being stored.
    pub(crate) fn clear(&self, told: &mut Told) {
        self.tell_below(|below| below.forget_all(told));
        self.recycle(self.core.clear().into_iter().map(EntryPtr::into_ref));
    }

    /// The entries, the most recently used first.
    pub(crate) fn entries(&self) -> Vec<EntryPtr<S>> {
        self.core.entries().into_iter().map(|entry| self.owned(entry)).collect()
    }

    /// Takes out the entries that `keep` refuses, and keeps runs of their keys that are under way from being
    /// stored.
    pub(crate) fn retain(&self, keep: &mut dyn FnMut(&EntryPtr<S>) -> bool) {
        let begun = self.core.generations();
        for mut entry in self.entries() {
            while !keep(&entry) {
                // A run that began before may have replaced it. Then `keep` judges the replacement.
                match self.remove_entry(&entry).filter(|it| it.generation() <= begun) {
                    Some(replacement) => entry = replacement,
                    None => break,
                }
            }
        }
    }

    /// Takes out the entries that `is_removed` chooses, and keeps those under way from being stored. It sees a key, and
    /// no value: an entry that is under way has none.
    pub(crate) fn remove_if(&self, is_removed: &mut dyn FnMut(EntryRef) -> bool) {
        let entries: Vec<_> =
            self.core.filed().into_iter().map(|entry| self.owned(entry)).collect();
        for entry in entries {
            if is_removed(entry.entry_ref()) {
                self.tell_below(|below| below.forget(entry.entry_ref()));
                self.core.forget(entry.entry_ref());
            }
        }
    }

    /// Ends the time in which the entries with this tag answer: see [`Core::expire_tag`](crate::engine::core::Core::expire_tag).
    pub(crate) fn expire_tag(&self, tag: &str, told: &mut Told) -> usize {
        self.tell_below(|below| below.forget_tag(tag, told));
        self.core.expire_tag(tag)
    }

    /// Takes out the entries with this tag, and keeps those under way from being stored. Returns how many they were.
    pub(crate) fn invalidate_tag(&self, tag: &str, told: &mut Told) -> usize {
        self.tell_below(|below| below.forget_tag(tag, told));
        self.core.invalidate_tag(tag)
    }

    /// Takes this very entry out, if it is still stored, and keeps runs of its key that are under way from being
    /// stored. Returns the entry that is stored in its place.
    fn remove_entry(&self, entry: &EntryPtr<S>) -> Option<EntryPtr<S>> {
        let entry = entry.entry_ref();
        self.tell_below(|below| below.forget(entry));
        self.core.remove_entry(entry, &self.equal_to(entry)).map(|it| self.owned(it))
    }
}

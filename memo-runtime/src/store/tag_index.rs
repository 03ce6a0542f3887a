//! Which entries have which tags.
//!
//! The index is there while an entry with tags is filed: a cache without tags has a null pointer in its place. A hit does
//! not touch it. It holds no more than what is filed, and an invalidation visits the entries of its tag alone.
//!
//! It knows headers by their addresses, and is used under the lock. It must not know the table, recency or deadlines.

use crate::entry::entry_ref::EntryRef;
use crate::key::hash::Hashing;
use crate::key::tags::{Tag, Tags};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The tags of the entries that are filed.
#[derive(Debug, Default)]
pub(crate) struct TagIndex(Option<Box<Filed>>);

/// All entries of a tag share its text.
type Text = Arc<str>;

#[derive(Debug)]
struct Filed {
    /// The entries of each tag, one at least.
    entries: HashMap<Text, Entries, Hashing>,
    /// The tags of each entry, one at least.
    tags: HashMap<EntryRef, Box<[Text]>, Hashing>,
}

/// The entries of one tag. Many tags, like that of a user, have one entry.
#[derive(Debug)]
enum Entries {
    One(EntryRef),
    Several(Several),
}

/// Boxed, so that a tag of one entry takes little memory.
type Several = Box<HashSet<EntryRef, Hashing>>;

impl TagIndex {
    /// Notes the tags of an entry that is filed, if there are any.
    pub(crate) fn file(&mut self, entry: EntryRef, tags: Tags) {
        let tags = tags.into_vec();
        if tags.is_empty() {
            return;
        }
        let filed = self.0.get_or_insert_with(Box::default);
        let text = |tag: Tag| match filed.entries.get_key_value(&*tag) {
            Some((known, _)) => Text::clone(known),
            None => tag.into(),
        };
        let texts = tags.into_iter().map(text).collect();
        filed.insert(entry, texts);
    }

    /// The tags of an entry.
    pub(crate) fn of(&self, entry: EntryRef) -> &[Arc<str>] {
        self.0.as_ref().and_then(|filed| filed.tags.get(&entry)).map_or(&[], |tags| &**tags)
    }

    /// Forgets an entry, which need not have tags.
    #[inline]
    pub(crate) fn unfile(&mut self, entry: EntryRef) {
        if self.0.is_some() {
            self.remove(entry);
        }
    }

    #[cold]
    fn remove(&mut self, entry: EntryRef) {
        let Some(filed) = &mut self.0 else { return };
        filed.remove(entry);
        if filed.tags.is_empty() {
            self.0 = None;
        }
    }

    /// The entries with a tag, in no order.
    pub(crate) fn entries(&self, tag: &str) -> Vec<EntryRef> {
        let entries = self.0.as_ref().and_then(|filed| filed.entries.get(tag));
        entries.map(|entries| entries.iter().collect()).unwrap_or_default()
    }

    /// Forgets all entries but these. Returns the index as it was, without them, to be dropped at leisure.
    pub(crate) fn keep(&mut self, kept: &[EntryRef]) -> Self {
        let mut old = std::mem::take(self);
        if let Some(filed) = &mut old.0 {
            for entry in kept {
                if let Some(tags) = filed.tags.remove(entry) {
                    self.0.get_or_insert_with(Box::default).insert(*entry, tags);
                }
            }
        }
        old
    }

    /// Checks that both directions agree, and that each entry `is_filed`.
    #[cfg(debug_assertions)]
    pub(crate) fn check(&self, is_filed: impl Fn(EntryRef) -> bool) {
        let Some(filed) = &self.0 else { return };
        assert!(!filed.tags.is_empty(), "an index without entries is dropped");
        let mut pairs = 0_usize;
        for (tag, entries) in &filed.entries {
            assert!(entries.iter().next().is_some(), "a tag without entries is dropped");
            for entry in entries.iter() {
                assert!(filed.tags[&entry].contains(tag) && is_filed(entry));
                pairs += 1;
            }
        }
        let known: usize = filed.tags.values().map(|tags| tags.len()).sum();
        assert_eq!(pairs, known, "both directions agree");
    }
}

impl Default for Filed {
    fn default() -> Self {
        let hashing = Hashing::get();
        Self { entries: HashMap::with_hasher(hashing), tags: HashMap::with_hasher(hashing) }
    }
}

impl Filed {
    fn insert(&mut self, entry: EntryRef, tags: Box<[Text]>) {
        for tag in &tags {
            match self.entries.get_mut(tag) {
                Some(entries) => entries.insert(entry),
                None => drop(self.entries.insert(Text::clone(tag), Entries::One(entry))),
            }
        }
        self.tags.insert(entry, tags);
    }

    fn remove(&mut self, entry: EntryRef) {
        let Some(tags) = self.tags.remove(&entry) else { return };
        for tag in &tags {
            if self.entries.get_mut(tag).is_some_and(|entries| entries.remove(entry)) {
                self.entries.remove(tag);
            }
        }
        if is_sparse(self.entries.len(), self.entries.capacity()) {
            self.entries.shrink_to(2 * self.entries.len());
        }
        if is_sparse(self.tags.len(), self.tags.capacity()) {
            self.tags.shrink_to(2 * self.tags.len());
        }
    }
}

impl Entries {
    fn insert(&mut self, entry: EntryRef) {
        match self {
            Self::Several(entries) => drop(entries.insert(entry)),
            Self::One(first) => {
                let mut entries = HashSet::with_hasher(Hashing::get());
                entries.extend([*first, entry]);
                *self = Self::Several(Box::new(entries));
            }
        }
    }

    /// Removes one of them. Returns whether it was the last.
    fn remove(&mut self, entry: EntryRef) -> bool {
        let Self::Several(entries) = self else { return true };
        entries.remove(&entry);
        if is_sparse(entries.len(), entries.capacity()) {
            entries.shrink_to(2 * entries.len());
        }
        entries.is_empty()
    }

    fn iter(&self) -> impl Iterator<Item = EntryRef> {
        let (one, several) = match self {
            Self::One(entry) => (Some(*entry), None),
            Self::Several(entries) => (None, Some(entries.iter().copied())),
        };
        one.into_iter().chain(several.into_iter().flatten())
    }
}

/// Whether most of the room for so many items is to be given back.
fn is_sparse(len: usize, room: usize) -> bool {
    room > 8 * len + 64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::entry::EntryPtr;
    use crate::key::hash::SEEN;
    use crate::scope::scope::Thread;
    use std::collections::{BTreeMap, BTreeSet};

    /// The entries that the index has, by tag.
    fn all(index: &TagIndex) -> BTreeMap<String, BTreeSet<usize>> {
        let Some(filed) = &index.0 else { return BTreeMap::new() };
        let addresses = |tag: &str| index.entries(tag).iter().map(|it| it.addr()).collect();
        filed.entries.keys().map(|tag| (tag.to_string(), addresses(tag))).collect()
    }

    fn room(index: &TagIndex) -> usize {
        let Some(filed) = &index.0 else { return 0 };
        let room = |entries: &Entries| match entries {
            Entries::One(_) => 0,
            Entries::Several(entries) => entries.capacity(),
        };
        let of_tags: usize = filed.entries.values().map(room).sum();
        of_tags + filed.entries.capacity() + filed.tags.capacity()
    }

    /// An entry has each of 8 tags by chance, and a tag of its own. The model is a plain list of pairs.
    #[test]
    fn the_index_holds_what_is_filed_and_no_more() {
        const STEPS: u64 = if cfg!(miri) { 300 } else { 50_000 };
        const PERIOD: u64 = if cfg!(miri) { 100 } else { 1_000 };
        let owners: Vec<EntryPtr<Thread>> =
            (0..256).map(|hash| EntryPtr::without_key(hash | SEEN)).collect();
        let mut index = TagIndex::default();
        let mut model = BTreeMap::<usize, (EntryRef, Vec<String>)>::new();
        let mut random = 1_u64;
        for step in 0..STEPS {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let bits = random >> 33;
            let entry = owners[(bits % 256) as usize].entry_ref();
            if step % PERIOD == PERIOD - 1 {
                let kept: Vec<_> = model.values().take(3).map(|(entry, _)| *entry).collect();
                drop(index.keep(&kept));
                model.retain(|_, (entry, _)| kept.contains(entry));
            } else if model.remove(&entry.addr()).is_some() {
                index.unfile(entry);
            } else {
                let mut tags: Vec<_> = (0..8)
                    .filter(|tag| bits >> (8 + tag) & 1 == 1)
                    .map(|it| it.to_string())
                    .collect();
                tags.push(format!("own {}", bits % 256));
                let given = tags.iter().chain(tags.first()).cloned().map(Into::into);
                index.file(entry, Tags::new(given));
                model.insert(entry.addr(), (entry, tags));
            }
            if step % 100 == 0 {
                let mut expected = BTreeMap::<String, BTreeSet<usize>>::new();
                for (entry, (_, tags)) in &model {
                    for tag in tags {
                        expected.entry(tag.clone()).or_default().insert(*entry);
                    }
                }
                assert_eq!(all(&index), expected);
            }
        }
        for (_, (entry, _)) in std::mem::take(&mut model) {
            index.unfile(entry);
        }
        assert!(index.0.is_none(), "an index without entries is dropped");
    }

    #[test]
    fn room_for_entries_that_are_gone_is_given_back() {
        const ENTRIES: usize = if cfg!(miri) { 256 } else { 4_096 };
        let owners: Vec<EntryPtr<Thread>> =
            (0..ENTRIES as u64).map(|hash| EntryPtr::without_key(hash | SEEN)).collect();
        let mut index = TagIndex::default();
        for (owner, number) in owners.iter().zip(0..) {
            let tags = ["all".into(), format!("own {number}").into()];
            index.file(owner.entry_ref(), Tags::new(tags));
        }
        assert!(room(&index) > 3 * ENTRIES);
        owners[1..].iter().for_each(|owner| index.unfile(owner.entry_ref()));
        assert_eq!(index.entries("all"), [owners[0].entry_ref()]);
        assert!(room(&index) < 400, "there is room for {}", room(&index));
    }

    #[test]
    fn entries_without_tags_need_no_index() {
        let owner = EntryPtr::<Thread>::without_key(SEEN);
        let mut index = TagIndex::default();
        index.file(owner.entry_ref(), Tags::new([]));
        index.unfile(owner.entry_ref());
        assert!(index.0.is_none() && index.entries("all").is_empty());
    }
}

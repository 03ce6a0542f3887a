//! The queue of the writer, and what was forgotten since when.
//!
//! Each operation has a serial number. A lease is the number of the last one before it, so a later number of a key, a
//! function or a tag in the log of what was forgotten ends it.

use crate::base::sync::Instant;
use crate::tier::disk::breaker::Breaker;
use crate::tier::disk::forgotten::Forgotten;
use crate::tier::record::Record;
use crate::tier::tier::{Asked, Function, Lease};
use std::collections::{HashMap, VecDeque};
use std::mem;
use std::sync::Arc;
use std::time::Duration;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The bytes that count for a row beside its record and name: its key, its place in the indexes, its tags.
const ROW: usize = 256;

/// So many rows are remembered as used before that is written.
const TOUCHES: usize = 256;

/// It is written after this time at the latest.
const TOUCHES_WAIT: Duration = Duration::from_secs(2);

/// The key of a row.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct RowKey {
    pub(super) function: Arc<Function>,
    pub(super) digest: u128,
}

impl RowKey {
    pub(super) fn of(asked: &Asked) -> Self {
        Self { function: Arc::clone(asked.function()), digest: asked.digest() }
    }

    /// The id of the row. It has 63 bits, so different keys may have one id. A number is found faster than a text and a digest.
    pub(super) fn id(&self) -> i64 {
        let function = xxh3_64_with_seed(self.function.name().as_bytes(), self.function.version());
        let id = xxh3_64_with_seed(&self.digest.to_le_bytes(), function) >> 1;
        i64::from_ne_bytes(id.to_ne_bytes())
    }
}

/// A record that is to be kept.
#[derive(Debug)]
pub(super) struct Keep {
    pub(super) row: RowKey,
    pub(super) record: Record,
    /// Milliseconds since 1970.
    pub(super) ends: Option<u64>,
    /// When its run began.
    pub(super) began: u64,
    pub(super) tags: Vec<String>,
}

impl Keep {
    /// The bytes that it counts for.
    pub(super) fn size(&self) -> usize {
        let name = self.row.function.name().len();
        let tags: usize = self.tags.iter().map(String::len).sum();
        ROW + name + tags + self.record.as_bytes().len()
    }
}

/// The bit of a lease whose run may replace a record.
const REPLACES: u128 = 1 << 64;

/// The number of the last operation before the run with this lease.
pub(super) fn since(lease: Lease) -> u64 {
    u64::try_from(lease.0 & !REPLACES).unwrap_or(0)
}

/// Whether the run with this lease may replace a record.
pub(super) fn replaces(lease: Lease) -> bool {
    lease.0 & REPLACES != 0
}

#[derive(Debug)]
pub(super) enum Op {
    Keep(Keep),
    /// With the time at which it was forgotten.
    Forget(What, u64),
}

/// The records that are to be forgotten.
#[derive(Debug)]
pub(super) enum What {
    Key(RowKey),
    Function(String),
    Tag(String),
    All,
}

impl Op {
    fn size(&self) -> usize {
        match self {
            Self::Keep(keep) => keep.size(),
            Self::Forget(what, _) => what.size(),
        }
    }
}

impl What {
    fn size(&self) -> usize {
        match self {
            Self::Key(row) => ROW + row.function.name().len(),
            Self::Function(text) | Self::Tag(text) => ROW + text.len(),
            Self::All => ROW,
        }
    }
}

/// A key, as the queue knows it.
#[derive(Debug)]
pub(super) enum Look {
    /// This record is about to be written.
    Record(Record),
    /// It is about to be removed.
    Absent,
    /// The queue has nothing about it: the file is right.
    AsInFile,
}

/// The operations of one transaction.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) ops: Vec<Arc<Op>>,
    /// The number of the last operation in it, or of the last one that was written before.
    last: u64,
    pub(super) touches: Touches,
}

impl Batch {
    /// Whether any record is to be kept.
    pub(super) fn keeps(&self) -> bool {
        self.ops.iter().any(|op| matches!(**op, Op::Keep(_)))
    }

    /// The functions whose records are to be kept.
    pub(super) fn functions(&self) -> impl Iterator<Item = &Arc<Function>> {
        self.ops.iter().filter_map(|op| match &**op {
            Op::Keep(keep) => Some(&keep.row.function),
            Op::Forget(..) => None,
        })
    }

    /// Whether anything is to be removed.
    pub(super) fn forgets(&self) -> bool {
        self.ops.iter().any(|op| matches!(**op, Op::Forget(..)))
    }
}

/// The rows that were used since this was last written, and when.
#[derive(Debug, Default)]
pub(super) struct Touches {
    pub(super) rows: HashMap<i64, u64>,
    pub(super) functions: HashMap<Arc<Function>, u64>,
}

#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent of each other")]
pub(super) struct Queue {
    ops: VecDeque<(u64, Arc<Op>)>,
    bytes: usize,
    /// Records in `ops`: the last one of each key.
    by_key: HashMap<RowKey, (u64, Arc<Op>)>,
    /// The number of the last operation.
    last: u64,
    /// All operations up to this number are in the file.
    written: u64,
    forgotten: Forgotten,
    touches: Touches,
    touched_at: Option<Instant>,
    /// Somebody waits until all is written.
    pub(super) is_flushed: bool,
    /// The bound is to be seen to even if nothing is written.
    pub(super) sweeps: bool,
    /// A batch is being written.
    is_writing: bool,
    pub(super) breaker: Breaker,
    /// The program was told that the file is away.
    pub(super) told_away: bool,
    pub(super) has_thread: bool,
    pub(super) is_closing: bool,
    pub(super) dropped: u64,
    /// How many batches could not be written.
    failures: u64,
}

impl Queue {
    pub(super) fn new() -> Self {
        Self {
            ops: VecDeque::new(),
            bytes: 0,
            by_key: HashMap::new(),
            // The lease 0 is that of a tier without leases.
            last: 1,
            written: 1,
            forgotten: Forgotten::new(),
            touches: Touches::default(),
            touched_at: None,
            is_flushed: false,
            sweeps: false,
            is_writing: false,
            breaker: Breaker::default(),
            told_away: false,
            has_thread: false,
            is_closing: false,
            dropped: 0,
            failures: 0,
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn lease(&self) -> Lease {
        Lease(self.last.into())
    }

    /// The lease of a run that may replace a record.
    pub(super) fn replacing_lease(&self) -> Lease {
        Lease(REPLACES | u128::from(self.last))
    }

    pub(super) fn last(&self) -> u64 {
        self.last
    }

    pub(super) fn written(&self) -> u64 {
        self.written
    }

    pub(super) fn look(&self, row: &RowKey, now: u64) -> Look {
        let gone = self.forgotten.row(row);
        if let Some((number, op)) = self.by_key.get(row) {
            let Op::Keep(keep) = &**op else { return Look::AsInFile };
            let is_gone = gone.max(self.forgotten.tags(&keep.tags)) > *number;
            if is_gone || keep.ends.is_some_and(|end| end <= now) {
                return Look::Absent;
            }
            return Look::Record(keep.record.clone());
        }
        if gone > self.written { Look::Absent } else { Look::AsInFile }
    }

    /// Whether a row was forgotten after this operation. It is so if that is not known any more.
    pub(super) fn is_forgotten(&self, row: &RowKey, tags: &[String], since: u64) -> bool {
        let forgotten = &self.forgotten;
        since < forgotten.floor || forgotten.row(row).max(forgotten.tags(tags)) > since
    }

    /// Whether any tag was forgotten after this operation.
    pub(super) fn has_forgotten_tags(&self, since: u64) -> bool {
        self.forgotten.last_tag > since
    }

    pub(super) fn keep(&mut self, keep: Keep) {
        self.push(Op::Keep(keep));
    }

    /// Queues the removal. Removals are not dropped. If too many wait, all that is kept goes instead.
    pub(super) fn forget(&mut self, what: What, at: u64, at_most: usize) {
        let what = if self.bytes + what.size() > at_most {
            self.ops.clear();
            self.by_key.clear();
            self.bytes = 0;
            What::All
        } else {
            what
        };
        let number = self.last + 1;
        self.forgotten.note(&what, number, self.written);
        self.push(Op::Forget(what, at));
    }

    fn push(&mut self, op: Op) {
        self.last += 1;
        self.bytes += op.size();
        let op = Arc::new(op);
        if let Op::Keep(keep) = &*op {
            self.by_key.insert(keep.row.clone(), (self.last, Arc::clone(&op)));
        }
        self.ops.push_back((self.last, op));
    }

    /// Remembers that a row was used, unless too much of that waits.
    pub(super) fn touch(&mut self, row: &RowKey, now: u64, at: Instant) {
        if self.touches.rows.len() >= 16 * TOUCHES {
            return;
        }
        self.touches.rows.insert(row.id(), now);
        self.touches.functions.insert(Arc::clone(&row.function), now);
        self.touched_at.get_or_insert(at);
    }

    /// When the thread has something to write. `None` if it has nothing.
    pub(super) fn is_due_at(&self, now: Instant) -> Option<Instant> {
        let is_full = self.touches.rows.len() >= TOUCHES;
        if !self.ops.is_empty() || self.sweeps || is_full {
            return Some(now);
        }
        let touched_at = self.touched_at?;
        Some(if self.is_flushed || self.is_closing { now } else { touched_at + TOUCHES_WAIT })
    }

    pub(super) fn is_idle(&self) -> bool {
        self.ops.is_empty() && !self.sweeps && self.touched_at.is_none() && !self.is_writing
    }

    /// So many batches have failed, counting the one that is being written.
    pub(super) fn failures_at_most(&self) -> u64 {
        self.failures + u64::from(self.is_writing)
    }

    /// Whether more batches than these have failed, and the last ones in a row.
    pub(super) fn fails_since(&self, failures: u64) -> bool {
        self.failures > failures && self.breaker.is_open()
    }

    /// Takes the next batch. Its operations stay in the queue until they are written.
    pub(super) fn take(&mut self) -> Batch {
        self.sweeps = false;
        self.is_writing = true;
        self.touched_at = None;
        Batch {
            ops: self.ops.iter().map(|(_, op)| Arc::clone(op)).collect(),
            last: self.ops.back().map_or(self.written, |(number, _)| *number),
            touches: mem::take(&mut self.touches),
        }
    }

    pub(super) fn succeeded(&mut self, batch: &Batch) {
        self.is_writing = false;
        self.breaker.succeeded();
        self.written = self.written.max(batch.last);
        while let Some((number, op)) = self.ops.pop_front() {
            if number > self.written {
                self.ops.push_front((number, op));
                break;
            }
            self.bytes = self.bytes.saturating_sub(op.size());
            let Op::Keep(keep) = &*op else { continue };
            if self.by_key.get(&keep.row).is_some_and(|(last, _)| *last == number) {
                self.by_key.remove(&keep.row);
            }
        }
    }

    /// A batch has failed. Its uses are forgotten, and its operations are tried again.
    pub(super) fn failed(&mut self, now: Instant) {
        self.is_writing = false;
        self.failures += 1;
        self.breaker.failed(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tier::disk::forgotten::LOG;

    fn row(digest: u128) -> RowKey {
        RowKey { function: Arc::new(Function::new("f".to_owned(), 1)), digest }
    }

    #[test]
    fn a_lease_from_before_the_log_was_cut_is_refused() {
        let mut queue = Queue::new();
        let old = queue.last();
        for digest in 0..=LOG as u128 {
            assert!(!queue.is_forgotten(&row(u128::MAX), &[], old));
            queue.forget(What::Key(row(digest)), 0, usize::MAX);
            let batch = queue.take();
            queue.succeeded(&batch);
        }
        assert!(queue.is_forgotten(&row(u128::MAX), &[], old));
        assert!(!queue.is_forgotten(&row(u128::MAX), &[], queue.last()));
        assert!(queue.forgotten.len() <= 1);
        assert!(queue.is_idle() && queue.bytes() == 0);
    }

    #[test]
    fn too_many_removals_that_wait_become_the_removal_of_all() {
        let mut queue = Queue::new();
        for digest in 0..10 {
            queue.forget(What::Key(row(digest)), 0, 4 * (ROW + 1));
        }
        assert!(queue.ops.len() <= 4);
        assert!(queue.take().ops.iter().any(|op| matches!(**op, Op::Forget(What::All, _))));
        assert!(matches!(queue.look(&row(77), 0), Look::Absent));
    }
}

//! The tier on one file: how it asks, keeps and forgets.

use crate::base::sync;
use crate::tier::disk::breaker::Breaker;
use crate::tier::disk::file::{self, Identity};
use crate::tier::disk::queue::{Keep, Look, Queue, RowKey, What};
use crate::tier::disk::reader::{self, Readers};
use crate::tier::disk::tiers::Check;
use crate::tier::disk::trouble::Trouble;
use crate::tier::disk::writer::{self, Writer};
use crate::tier::pending::Pending;
use crate::tier::record::Record;
use crate::tier::tier::{Answer, Asked, Forget, Kept, Lease, Tier};
use crate::tier::wall;
use rusqlite::Connection;
use std::collections::hash_map::RandomState;
use std::fmt::Write;
use std::hash::{BuildHasher, Hasher};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{io, mem};

/// The options of one tier.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) max_bytes: u64,
    /// The most bytes that wait to be written.
    pub(super) queue_bytes: usize,
    /// A row counts as used again after this time, in milliseconds.
    pub(super) touches_after: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { max_bytes: u64::MAX, queue_bytes: 8 << 20, touches_after: 60_000 }
    }
}

/// The tier on one file.
///
/// It belongs to the process that made it. A forked child has no use of it: `SQLite`'s locks and connections do not survive a
/// fork. There it is away.
#[derive(Debug)]
pub(crate) struct DiskTier(Arc<Shared>);

/// The state that a tier shares with its thread and its answers.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) path: PathBuf,
    queue_bytes: usize,
    touches_after: u64,
    max_bytes: AtomicU64,
    process: u32,
    /// Tells the marks of this tier from those of others.
    pub(super) number: u64,
    /// It has asked its file, so it may have connections.
    is_used: AtomicBool,
    queue: Mutex<Queue>,
    /// There is more in the queue.
    pub(super) more: Condvar,
    /// There is less in the queue.
    pub(super) less: Condvar,
    pub(super) writer: Mutex<Option<Writer>>,
    readers: Readers,
    reads: Mutex<Breaker>,
    /// The file could be read and not written, at the last attempt.
    pub(super) is_read_only: AtomicBool,
    /// The sum of the sizes, as it was last known.
    bytes: AtomicU64,
    aside: AtomicU64,
    /// How many records were refused because another process had forgotten them.
    refused: AtomicU64,
    last_error: Mutex<Option<String>>,
}

impl DiskTier {
    pub(super) fn on(path: PathBuf, settings: &Settings) -> Self {
        Self(Arc::new(Shared {
            path,
            queue_bytes: settings.queue_bytes,
            touches_after: settings.touches_after,
            max_bytes: AtomicU64::new(settings.max_bytes),
            process: process(),
            number: RandomState::new().build_hasher().finish(),
            is_used: AtomicBool::new(false),
            queue: Mutex::new(Queue::new()),
            more: Condvar::new(),
            less: Condvar::new(),
            writer: Mutex::new(None),
            readers: Readers::default(),
            reads: Mutex::new(Breaker::default()),
            is_read_only: AtomicBool::new(false),
            bytes: AtomicU64::new(0),
            aside: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            last_error: Mutex::new(None),
        }))
    }

    /// Whether it is that of a parent process, which had not used it.
    pub(super) fn can_be_replaced(&self) -> bool {
        !self.0.is_of_this_process() && !self.0.is_used.load(Relaxed)
    }

    pub(super) fn set_max_bytes(&self, max_bytes: u64) {
        self.0.max_bytes.store(max_bytes, Relaxed);
        if self.0.is_of_this_process() && self.0.is_used.load(Relaxed) {
            let mut queue = self.0.lock();
            queue.sweeps = true;
            writer::wake(&self.0, &mut queue);
        }
    }

    /// [`keep`](Tier::keep), with the end and the tags of the record.
    pub(super) fn keep_until(&self, keep: Keep, lease: Option<Lease>) -> Kept {
        let shared = &self.0;
        if !shared.is_of_this_process() {
            return Kept::Failed;
        }
        let size = keep.size();
        let mut queue = shared.lock();
        if let Some(lease) = lease.filter(|lease| *lease != Lease::NONE) {
            let lease = u64::try_from(lease.0).unwrap_or(0);
            if queue.is_forgotten(&keep.row, &keep.tags, lease) {
                return Kept::Refused;
            }
        }
        let is_full = queue.bytes() + size > shared.queue_bytes;
        let is_too_large = u64::try_from(size).is_ok_and(|size| size > shared.max_bytes());
        if is_full || is_too_large || queue.breaker.pauses_until(sync::now()).is_some() {
            queue.dropped += 1;
            let is_read_only = shared.is_read_only.load(Relaxed);
            // With a lease there was no record. Without one an older record must not answer instead.
            let row = keep.row;
            if lease.is_none() && !matches!(queue.look(&row, 0), Look::Absent) {
                queue.forget(What::Key(row), wall::now(), 2 * shared.queue_bytes);
                writer::wake(shared, &mut queue);
            }
            return if is_read_only { Kept::Refused } else { Kept::Failed };
        }
        queue.keep(keep);
        shared.is_used.store(true, Relaxed);
        writer::wake(shared, &mut queue);
        Kept::Stored
    }

    pub(super) fn forget_all(&self) {
        self.0.forget(What::All);
    }

    pub(super) fn flush_or_error(&self, at_most: Duration) -> io::Result<()> {
        if self.flush(at_most) {
            return Ok(());
        }
        let error = self.0.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Err(error.map_or_else(|| io::ErrorKind::TimedOut.into(), io::Error::other))
    }

    pub(super) fn bytes(&self) -> u64 {
        let shared = &self.0;
        if shared.is_of_this_process() {
            match shared.read(reader::bytes) {
                Ok(bytes) => shared.set_bytes(bytes.unwrap_or(0)),
                Err(trouble) => shared.note(&trouble),
            }
        }
        shared.bytes.load(Relaxed)
    }

    pub(super) fn check(&self) -> io::Result<Check> {
        let mut found = Check::default();
        if !self.0.is_of_this_process() {
            return Ok(found);
        }
        let mut last = Some(i64::MIN);
        while let Some(id) = last {
            let each = |bytes| {
                found.records += 1;
                found.bad += u64::from(!is_sound(&Record::from_bytes(bytes)));
            };
            last = self.0.read(|connection| reader::records_after(connection, id, each))?.flatten();
        }
        Ok(found)
    }

    #[cfg(test)]
    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.0
    }
}

impl Tier for DiskTier {
    fn lend(&self, _: &Asked, _: &Record) -> Pending<Answer> {
        if !self.0.is_of_this_process() {
            return Pending::ready(Answer::Away);
        }
        Pending::ready(Answer::Yours(self.0.lock().lease()))
    }

    fn ask(&self, of: &Asked) -> Pending<Answer> {
        let shared = &self.0;
        if !shared.is_of_this_process() {
            return Pending::ready(Answer::Away);
        }
        let row = RowKey::of(of);
        let queue = shared.lock();
        match queue.look(&row, wall::now()) {
            Look::Record(record) => Pending::ready(Answer::Hit(record)),
            Look::Absent => Pending::ready(Answer::Yours(queue.lease())),
            Look::AsInFile => {
                let (written, lease) = (queue.written(), queue.lease());
                drop(queue);
                let shared = Arc::clone(shared);
                Pending::work(Answer::Away, move || shared.ask_file(&row, written, lease))
            }
        }
    }

    fn keep(&self, of: &Asked, record: Record, lease: Option<Lease>) -> Pending<Kept> {
        let keep = Keep {
            row: RowKey::of(of),
            ends: record.ends().map(wall::of),
            began: record.began().map_or_else(wall::now, wall::of),
            tags: record.tags().map(str::to_owned).collect(),
            record,
        };
        Pending::ready(self.keep_until(keep, lease))
    }

    fn forget(&self, what: Forget<'_>) {
        self.0.forget(match what {
            Forget::Key(asked) => What::Key(RowKey::of(asked)),
            Forget::Function(function) => What::Function(function.name().to_owned()),
            Forget::Tag(tag) => What::Tag(tag.to_owned()),
        });
    }

    fn flush(&self, at_most: Duration) -> bool {
        let shared = &self.0;
        if !shared.is_of_this_process() {
            return false;
        }
        let end = sync::now().checked_add(at_most);
        let mut queue = shared.lock();
        let (target, failures) = (queue.last(), queue.failures_at_most());
        loop {
            if queue.written() >= target && queue.is_idle() {
                queue.is_flushed = false;
                return true;
            }
            let now = sync::now();
            if end.is_some_and(|end| end <= now) || queue.fails_since(failures) {
                return false;
            }
            // It is tried at once, and not when the pause is over.
            queue.breaker.end_pause(now);
            queue.is_flushed = true;
            writer::wake(shared, &mut queue);
            let wait = end.map_or(at_most, |end| end - now);
            let waited = shared.less.wait_timeout(queue, wait);
            queue = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn status(&self) -> String {
        self.bytes();
        self.0.status()
    }
}

impl Drop for DiskTier {
    fn drop(&mut self) {
        if self.0.is_of_this_process() {
            self.0.lock().is_closing = true;
            self.0.more.notify_all();
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if !self.is_of_this_process() {
            // To close a connection of the parent process would remove the journal that the parent writes.
            let writer = self.writer.get_mut().unwrap_or_else(PoisonError::into_inner);
            mem::forget(writer.take());
            mem::forget(mem::take(&mut self.readers));
        }
    }
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asked before any lock is taken: a thread of the parent may have held it when the process was forked.
    fn is_of_this_process(&self) -> bool {
        self.process == process()
    }

    pub(super) fn max_bytes(&self) -> u64 {
        self.max_bytes.load(Relaxed)
    }

    pub(super) fn set_bytes(&self, bytes: u64) {
        self.bytes.store(bytes, Relaxed);
    }

    fn forget(self: &Arc<Self>, what: What) {
        if self.is_of_this_process() {
            self.is_used.store(true, Relaxed);
            let mut queue = self.lock();
            queue.forget(what, wall::now(), 2 * self.queue_bytes);
            writer::wake(self, &mut queue);
        }
    }

    /// Asks the file. All operations up to `written` are in it.
    fn ask_file(self: &Arc<Self>, row: &RowKey, written: u64, lease: Lease) -> Answer {
        if !self.is_of_this_process() || !self.reads().admits(sync::now()) {
            return Answer::Away;
        }
        let now = wall::now();
        let mut with_tags = self.lock().has_forgotten_tags(written);
        loop {
            let found = match self.read(|connection| reader::find(connection, row, now, with_tags))
            {
                Ok(found) => found.flatten(),
                Err(trouble) => {
                    self.note(&trouble);
                    self.reads().failed(sync::now());
                    return match trouble {
                        Trouble::Damaged(_) => Answer::Yours(lease),
                        _ => Answer::Away,
                    };
                }
            };
            self.reads().succeeded();
            let mut queue = self.lock();
            match queue.look(row, now) {
                Look::Record(record) => return Answer::Hit(record),
                Look::Absent => return Answer::Yours(queue.lease()),
                Look::AsInFile => {}
            }
            let Some(found) = found else { return Answer::Yours(lease) };
            if !with_tags && queue.has_forgotten_tags(written) {
                with_tags = true;
                continue;
            }
            if queue.is_forgotten(row, &found.tags, written) {
                return Answer::Yours(queue.lease());
            }
            let is_read_only = self.is_read_only.load(Relaxed);
            if !is_read_only && now.abs_diff(found.used) >= self.touches_after {
                queue.touch(found.id, &row.function, now, sync::now());
                writer::wake(self, &mut queue);
            }
            return Answer::Hit(Record::from_bytes(found.bytes));
        }
    }

    /// Reads the file. Nothing if there is none.
    fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Trouble>,
    ) -> Result<Option<T>, Trouble> {
        self.is_used.store(true, Relaxed);
        let aside = |why| self.was_put_aside(why);
        let Some(reader) = self.readers.take(&self.path, aside)? else { return Ok(None) };
        let identity = reader.identity();
        match reader.lend(work) {
            Ok(value) => Ok(Some(value)),
            Err(trouble) => Err(self.after(trouble, identity)),
        }
    }

    /// Sees to a file that has made trouble. The connection that has met it is closed.
    pub(super) fn after(&self, trouble: Trouble, identity: Identity) -> Trouble {
        let Trouble::Damaged(why) = &trouble else { return trouble };
        self.readers.leave(identity);
        match file::put_aside(&self.path, identity) {
            Ok(true) => self.was_put_aside(why.clone()),
            Ok(false) => {}
            Err(another) => return another,
        }
        trouble
    }

    pub(super) fn were_refused(&self, records: u64) {
        self.refused.fetch_add(records, Relaxed);
    }

    pub(super) fn was_put_aside(&self, why: String) {
        self.aside.fetch_add(1, Relaxed);
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
    }

    pub(super) fn note(&self, trouble: &Trouble) {
        let text = Some(trouble.to_string());
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = text;
    }

    fn reads(&self) -> MutexGuard<'_, Breaker> {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn status(&self) -> String {
        let path = self.path.display();
        if !self.is_of_this_process() {
            return format!("disk {path}: away, because this process was forked");
        }
        let now = sync::now();
        let (queued, dropped, writes) = {
            let queue = self.lock();
            (queue.bytes(), queue.dropped, queue.breaker.pauses_until(now).is_some())
        };
        let reads = self.reads().pauses_until(now).is_some();
        let bytes = self.bytes.load(Relaxed);
        let state = match (reads, writes) {
            (false, false) => "up",
            (false, true) => "reads only",
            (true, _) => "away",
        };
        let max_bytes = self.max_bytes();
        let mut line =
            format!("disk {path}: {state}, {bytes} of {max_bytes} bytes, {queued} queued");
        if dropped > 0 {
            let _ = write!(line, ", {dropped} dropped");
        }
        let refused = self.refused.load(Relaxed);
        if refused > 0 {
            let _ = write!(line, ", {refused} forgotten by others during their runs");
        }
        let aside = self.aside.load(Relaxed);
        if aside > 0 {
            let _ = write!(line, ", {aside} damaged files put aside");
        }
        if let Some(error) = &*self.last_error.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = write!(line, ", last error: {error}");
        }
        line
    }
}

/// Whether the bytes are those of a record. The runtime checks each one that answers.
fn is_sound(record: &Record) -> bool {
    record.open().is_ok()
}

/// The id of this process, on systems whose processes can fork.
fn process() -> u32 {
    if cfg!(unix) { std::process::id() } else { 0 }
}

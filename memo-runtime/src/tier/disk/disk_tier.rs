//! The tier on one file: how it asks, keeps and forgets.

use crate::base::sync;
use crate::tier::disk::queue::{self, Keep, Look, RowKey, What};
use crate::tier::disk::reader;
use crate::tier::disk::shared::{Settings, Shared};
use crate::tier::disk::tiers::Check;
use crate::tier::disk::writer;
use crate::tier::pending::Pending;
use crate::tier::record::Record;
use crate::tier::tier::{Answer, Asked, Forget, Kept, Lease, Tier};
use crate::tier::wall;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// The tier on one file.
///
/// It belongs to the process that made it. A forked child has no use of it: `SQLite`'s locks and connections do not survive a
/// fork. There it is away.
#[derive(Debug)]
pub(crate) struct DiskTier(Arc<Shared>);

impl DiskTier {
    pub(super) fn on(path: PathBuf, settings: &Settings) -> Self {
        Self(Arc::new(Shared::new(path, settings)))
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
        let since = lease.filter(|lease| *lease != Lease::NONE).map(queue::since);
        if since.is_some_and(|since| queue.is_forgotten(&keep.row, &keep.tags, since)) {
            return Kept::Refused;
        }
        let is_full = queue.bytes() + size > shared.queue_bytes;
        let is_too_large = u64::try_from(size).is_ok_and(|size| size > shared.max_bytes());
        if is_full || is_too_large || queue.breaker.pauses_until(sync::now()).is_some() {
            queue.dropped += 1;
            let is_read_only = shared.is_read_only.load(Relaxed);
            // A run that has asked has found no record. After a refresh an older one must not answer instead.
            let row = keep.row;
            if lease.is_none_or(queue::replaces) && !matches!(queue.look(&row, 0), Look::Absent) {
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

    fn begin(&self, _: &Asked) -> Pending<Answer> {
        if !self.0.is_of_this_process() {
            return Pending::ready(Answer::Away);
        }
        Pending::ready(Answer::Yours(self.0.lock().replacing_lease()))
    }

    fn ask(&self, of: &Asked) -> Pending<Answer> {
        let shared = &self.0;
        if !shared.is_of_this_process() {
            return Pending::ready(Answer::Away);
        }
        let (row, now) = (RowKey::of(of), wall::now());
        let queue = shared.lock();
        match queue.look(&row, now) {
            Look::Record(record) => Pending::ready(Answer::Hit(record)),
            Look::Absent => Pending::ready(Answer::Yours(queue.lease())),
            Look::AsInFile => {
                let (written, lease) = (queue.written(), queue.lease());
                drop(queue);
                let shared = Arc::clone(shared);
                Pending::work(Answer::Away, move || shared.ask_file(&row, now, written, lease))
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

/// Whether the bytes are those of a record. The runtime checks each one that answers.
fn is_sound(record: &Record) -> bool {
    record.open().is_ok()
}

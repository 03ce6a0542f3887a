//! The state of a tier on a file, which its thread and its answers share.

use crate::base::{process, sync};
use crate::tier::disk::breaker::Breaker;
use crate::tier::disk::file::{self, Identity};
use crate::tier::disk::queue::{Look, Queue, RowKey, What};
use crate::tier::disk::reader::{self, Readers};
use crate::tier::disk::trouble::Trouble;
use crate::tier::disk::writer::{self, Writer};
use crate::tier::tier::{Answer, Lease};
use crate::tier::wall;
use rusqlite::Connection;
use std::collections::hash_map::RandomState;
use std::fmt::Write;
use std::hash::{BuildHasher, Hasher};
use std::mem;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

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

/// The state that a tier shares with its thread and its answers.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) path: PathBuf,
    pub(super) queue_bytes: usize,
    touches_after: u64,
    pub(super) max_bytes: AtomicU64,
    process: u32,
    /// Tells the marks of this tier from those of others.
    pub(super) number: u64,
    /// It has asked its file, so it may have connections.
    pub(super) is_used: AtomicBool,
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
    pub(super) bytes: AtomicU64,
    aside: AtomicU64,
    /// How many records were refused because another process had forgotten them.
    refused: AtomicU64,
    pub(super) last_error: Mutex<Option<String>>,
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
    pub(super) fn new(path: PathBuf, settings: &Settings) -> Self {
        Self {
            path,
            queue_bytes: settings.queue_bytes,
            touches_after: settings.touches_after,
            max_bytes: AtomicU64::new(settings.max_bytes),
            process: process::number(),
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
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asked before any lock is taken: a thread of the parent may have held it when the process was forked.
    pub(super) fn is_of_this_process(&self) -> bool {
        self.process == process::number()
    }

    pub(super) fn max_bytes(&self) -> u64 {
        self.max_bytes.load(Relaxed)
    }

    pub(super) fn set_bytes(&self, bytes: u64) {
        self.bytes.store(bytes, Relaxed);
    }

    pub(super) fn forget(self: &Arc<Self>, what: What) {
        if self.is_of_this_process() {
            self.is_used.store(true, Relaxed);
            let mut queue = self.lock();
            queue.forget(what, wall::now(), 2 * self.queue_bytes);
            writer::wake(self, &mut queue);
        }
    }

    /// Asks the file. All operations up to `written` are in it.
    pub(super) fn ask_file(
        self: &Arc<Self>,
        row: &RowKey,
        now: u64,
        written: u64,
        lease: Lease,
    ) -> Answer {
        if !self.is_of_this_process() || !self.reads().admits(sync::now) {
            return Answer::Away;
        }
        let mut with_tags = false;
        loop {
            let found = match self.read(|connection| reader::find(connection, row, now, with_tags))
            {
                Ok(found) => found.flatten(),
                Err(trouble) => {
                    self.note(&trouble);
                    self.change_reads(|reads| reads.failed(sync::now()));
                    return match trouble {
                        Trouble::Damaged(_) => Answer::Yours(lease),
                        _ => Answer::Away,
                    };
                }
            };
            self.change_reads(Breaker::succeeded);
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
                queue.touch(row, now, sync::now());
                writer::wake(self, &mut queue);
            }
            return Answer::Hit(found.record);
        }
    }

    /// Reads the file. Nothing if there is none.
    pub(super) fn read<T>(
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

    /// Changes the breaker of reads. The thread tells the program if that opens or closes it.
    fn change_reads(self: &Arc<Self>, change: impl FnOnce(&mut Breaker)) {
        let mut reads = self.reads();
        let was_open = reads.is_open();
        change(&mut reads);
        let has_changed = reads.is_open() != was_open;
        drop(reads);
        if has_changed {
            writer::wake(self, &mut self.lock());
        }
    }

    /// Whether the file has failed too often, be it read or written.
    pub(super) fn is_away(&self, queue: &Queue) -> bool {
        queue.breaker.is_open() || self.reads().is_open()
    }

    pub(super) fn status(&self) -> String {
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

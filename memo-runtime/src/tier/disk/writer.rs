//! The thread that writes.

use crate::base::catch_panic::catch_panic;
use crate::base::sync;
use crate::tier::disk::file::{self, Identity, Opened, Turn};
use crate::tier::disk::marks::{self, Marks};
use crate::tier::disk::queue::{Batch, Keep, Op, Queue, RowKey, What};
use crate::tier::disk::reader::{bits, signed};
use crate::tier::disk::shared::Shared;
use crate::tier::disk::sweep;
use crate::tier::disk::trouble::Trouble;
use crate::tier::event::{self, TierEvent};
use crate::tier::tier::Function;
use crate::tier::wall;
use rusqlite::{Connection, TransactionBehavior, params};
use std::collections::HashMap;
use std::mem;
use std::path::PathBuf;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// The thread stays so long after the last write.
const LINGERS: Duration = Duration::from_secs(1);

/// A write waits so long for those of other processes.
pub(super) const WRITES_WITHIN: Duration = Duration::from_secs(5);

/// The whole file is swept so often, in milliseconds.
const SWEEPS_AFTER: u64 = 10 * 60 * 1000;

/// That a version is in use is written so often, in milliseconds.
const NOTES_AFTER: u64 = 60 * 60 * 1000;

/// The connection for writing. It stays when the thread ends.
#[derive(Debug)]
pub(super) struct Writer {
    connection: Connection,
    identity: Identity,
    journal: PathBuf,
    swept_at: u64,
    /// The versions that are known to be in use, and since when.
    noted: HashMap<Arc<Function>, u64>,
}

/// Has a thread write what is queued.
pub(super) fn wake(shared: &Arc<Shared>, queue: &mut Queue) {
    if !queue.has_thread {
        let shared = Arc::clone(shared);
        let thread = thread::Builder::new().name("memofn-disk".to_owned());
        // If no thread can be started, the next write tries again.
        queue.has_thread = thread.spawn(move || run(&shared)).is_ok();
    }
    shared.more.notify_all();
}

fn run(shared: &Shared) {
    let mut queue = shared.lock();
    let mut leaves_at = None;
    loop {
        queue = shared.tell(queue);
        let now = sync::now();
        let pause = queue.breaker.pauses_until(now);
        if queue.is_closing && (pause.is_some() || queue.is_idle()) {
            break;
        }
        let due = queue.is_due_at(now).map(|due| pause.map_or(due, |until| due.max(until)));
        if due.is_some_and(|due| due <= now) {
            let batch = queue.take();
            drop(queue);
            let mut outcome = Err(Trouble::Failed("a write panicked".to_owned()));
            catch_panic(|| outcome = shared.write(&batch));
            let is_read_only = matches!(outcome, Err(Trouble::ReadOnly(_)));
            shared.is_read_only.store(is_read_only, Relaxed);
            if let Err(trouble) = &outcome {
                shared.note(trouble);
            }
            queue = shared.lock();
            match outcome {
                Ok(()) => queue.succeeded(&batch),
                Err(_) => queue.failed(sync::now()),
            }
            drop(batch);
            shared.less.notify_all();
            leaves_at = None;
            continue;
        }
        let until = match due {
            Some(due) => due,
            None => *leaves_at.get_or_insert(now + LINGERS),
        };
        if until <= now {
            break;
        }
        let waited = shared.more.wait_timeout(queue, until - now);
        queue = waited.unwrap_or_else(PoisonError::into_inner).0;
    }
    queue.has_thread = false;
}

impl Shared {
    /// Tells the program that the file has gone or come back.
    fn tell<'q>(&'q self, mut queue: MutexGuard<'q, Queue>) -> MutexGuard<'q, Queue> {
        let is_away = self.is_away(&queue);
        if mem::replace(&mut queue.told_away, is_away) == is_away {
            return queue;
        }
        drop(queue);
        let status = self.status();
        event::tell(&if is_away { TierEvent::Away { status } } else { TierEvent::Back { status } });
        self.lock()
    }

    fn write(&self, batch: &Batch) -> Result<(), Trouble> {
        let mut place = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let current = file::identity(&self.path)?;
        // The file may have been removed or renamed by others.
        let mut writer = match place.take().filter(|writer| Some(writer.identity) == current) {
            Some(writer) => writer,
            None if current.is_none() && !batch.keeps() && !batch.forgets() => return Ok(()),
            None => match self.open_for_writing() {
                Ok(writer) => writer,
                // There is nothing to remove, and nobody who could be told.
                Err(_) if !batch.keeps() && file::identity(&self.path)?.is_none() => return Ok(()),
                Err(trouble) => return Err(trouble),
            },
        };
        match writer.write(batch, self.max_bytes(), self.number) {
            Ok(Written { bytes, refused }) => {
                self.set_bytes(bytes);
                self.were_refused(refused);
                *place = Some(writer);
                Ok(())
            }
            Err(trouble) => {
                let identity = writer.identity;
                drop((writer, place));
                Err(self.after(trouble, identity))
            }
        }
    }

    fn open_for_writing(&self) -> Result<Writer, Trouble> {
        let Opened { connection, identity, aside, .. } =
            file::open(&self.path, &Turn::take(&self.path)?)?;
        connection.busy_timeout(WRITES_WITHIN)?;
        if let Some(why) = aside {
            self.was_put_aside(why);
        }
        let journal = file::with_suffix(&self.path, "-wal");
        Ok(Writer { connection, identity, journal, swept_at: 0, noted: HashMap::new() })
    }
}

/// The outcome of a batch.
struct Written {
    /// The sum of the sizes.
    bytes: u64,
    /// How many records were forgotten by others during their runs.
    refused: u64,
}

impl Writer {
    /// Writes a batch, for the tier of this number.
    fn write(&mut self, batch: &Batch, max_bytes: u64, tier: u64) -> Result<Written, Trouble> {
        let now = wall::now();
        if now.abs_diff(self.swept_at) >= SWEEPS_AFTER {
            sweep::all(&mut self.connection, now)?;
            self.swept_at = now;
        }
        let behavior = TransactionBehavior::Immediate;
        let transaction = self.connection.transaction_with_behavior(behavior)?;
        let refused = apply(&transaction, batch, now, tier)?;
        let noted = note_versions(&transaction, batch, now, &self.noted)?;
        if batch.forgets() {
            marks::cut(&transaction, now)?;
        }
        sweep::expired(&transaction, now)?;
        let bytes = sweep::bound(&transaction, max_bytes)?;
        transaction.commit()?;
        self.noted.extend(noted.into_iter().map(|function| (function, now)));
        sweep::shrink(&self.connection)?;
        sweep::cut_journal(&self.connection, &self.journal)?;
        Ok(Written { bytes, refused })
    }
}

/// Writes what is kept and forgotten. Returns how many records are refused, because another tier has forgotten them since
/// their runs began.
fn apply(connection: &Connection, batch: &Batch, now: u64, tier: u64) -> Result<u64, Trouble> {
    let mut marks = Marks::read(connection, now, tier)?;
    let mut refused = 0;
    for op in &batch.ops {
        match &**op {
            Op::Keep(keep) if marks.outdate(keep)? => refused += 1,
            Op::Keep(keep) => insert(connection, keep, now)?,
            Op::Forget(what, at) => {
                remove(connection, what)?;
                marks::add(connection, what, *at, tier)?;
            }
        }
    }
    Ok(refused)
}

fn insert(connection: &Connection, keep: &Keep, now: u64) -> Result<(), Trouble> {
    remove_row(connection, &keep.row)?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO records (id, function, version, size, used, ends, record) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    let (id, function) = (keep.row.id(), &keep.row.function);
    insert.execute(params![
        id,
        function.name(),
        bits(function.version()),
        i64::try_from(keep.size()).unwrap_or(i64::MAX),
        signed(now),
        keep.ends.map(signed),
        keep.record.as_bytes()
    ])?;
    let mut tag =
        connection.prepare_cached("INSERT OR IGNORE INTO tags (id, tag) VALUES (?1, ?2)")?;
    for name in &keep.tags {
        tag.execute(params![id, name])?;
    }
    Ok(())
}

fn remove_row(connection: &Connection, row: &RowKey) -> Result<(), Trouble> {
    connection.prepare_cached("DELETE FROM records WHERE id = ?1")?.execute([row.id()])?;
    Ok(())
}

fn remove(connection: &Connection, what: &What) -> Result<(), Trouble> {
    match what {
        What::Key(row) => return remove_row(connection, row),
        What::Function(name) => {
            connection.execute("DELETE FROM records WHERE function = ?1", [name])?
        }
        What::Tag(tag) => {
            let sql = "DELETE FROM records WHERE id IN (SELECT id FROM tags WHERE tag = ?1)";
            connection.execute(sql, [tag])?
        }
        What::All => connection.execute("DELETE FROM records", [])?,
    };
    Ok(())
}

/// Writes which rows and versions were used. Returns the versions that are known to be in use now.
fn note_versions(
    connection: &Connection,
    batch: &Batch,
    now: u64,
    noted: &HashMap<Arc<Function>, u64>,
) -> Result<Vec<Arc<Function>>, Trouble> {
    let mut touch = connection.prepare_cached("UPDATE records SET used = ?2 WHERE id = ?1")?;
    for (id, at) in &batch.touches.rows {
        touch.execute(params![id, signed(*at)])?;
    }
    let mut used: HashMap<&Arc<Function>, u64> = HashMap::new();
    used.extend(batch.functions().map(|function| (function, now)));
    used.extend(batch.touches.functions.iter().map(|(function, at)| (function, *at)));
    used.retain(|function, at| {
        noted.get(*function).is_none_or(|note| at.abs_diff(*note) >= NOTES_AFTER)
    });
    let mut note = connection.prepare_cached(
        "INSERT INTO versions (function, version, used) VALUES (?1, ?2, ?3) \
         ON CONFLICT (function, version) DO UPDATE SET used = max(used, excluded.used)",
    )?;
    for (function, at) in &used {
        note.execute(params![function.name(), bits(function.version()), signed(*at)])?;
    }
    Ok(used.into_keys().cloned().collect())
}

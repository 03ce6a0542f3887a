//! Connections for reading.

use crate::base::sync::{self, Instant};
use crate::tier::disk::file::{self, Identity, Opened, Turn};
use crate::tier::disk::queue::RowKey;
use crate::tier::disk::read_only;
use crate::tier::disk::trouble::Trouble;
use crate::tier::record::Record;
use rusqlite::Connection;
use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The most connections.
const READERS: usize = 16;

/// A reader waits so long for a connection, and for a lock. Writers hold no lock that it needs.
const READS_WITHIN: Duration = Duration::from_millis(500);

/// A file that was removed or renamed by others is noticed after this time.
const LOOKS_AFTER: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(super) struct Readers {
    pool: Mutex<Pool>,
    /// A connection came back.
    returned: Condvar,
}

#[derive(Debug, Default)]
struct Pool {
    idle: Vec<Reader>,
    /// How many are in use.
    lent: usize,
    /// How many threads wait for one.
    waiting: usize,
    looked_at: Option<Instant>,
    /// The file that had the name then.
    current: Option<Identity>,
}

#[derive(Debug)]
struct Reader {
    connection: Connection,
    identity: Identity,
    is_snapshot: bool,
}

/// A connection in use. It is closed when this is dropped.
pub(super) struct Lent<'a> {
    reader: Reader,
    place: Place<'a>,
}

/// One of the connections in use, be it open or not.
struct Place<'a> {
    readers: &'a Readers,
    /// The connection, if it can be used again.
    returns: Option<Reader>,
}

impl Pool {
    fn is_exhausted(&self) -> bool {
        self.idle.is_empty() && self.lent >= READERS
    }
}

impl Readers {
    /// A connection to the file at this path, or nothing if there is no file. `aside` is told why a file was put aside.
    pub(super) fn take(
        &self,
        path: &Path,
        aside: impl FnOnce(String),
    ) -> Result<Option<Lent<'_>>, Trouble> {
        let mut pool = self.lock();
        let now = sync::now();
        if pool.looked_at.is_none_or(|at| now.saturating_duration_since(at) >= LOOKS_AFTER) {
            pool.current = file::identity(path)?;
            pool.looked_at = Some(now);
            let current = pool.current;
            pool.idle.retain(|reader| Some(reader.identity) == current && !reader.is_snapshot);
        }
        if pool.is_exhausted() {
            pool.waiting += 1;
            let waited =
                self.returned.wait_timeout_while(pool, READS_WITHIN, |pool| pool.is_exhausted());
            pool = waited.unwrap_or_else(PoisonError::into_inner).0;
            pool.waiting -= 1;
        }
        let reader = pool.idle.pop();
        if reader.is_none() && pool.lent >= READERS {
            return Err(Trouble::Failed("all connections are in use".to_owned()));
        }
        pool.lent += 1;
        drop(pool);
        let place = Place { readers: self, returns: None };
        if let Some(reader) = reader {
            return Ok(Some(Lent { reader, place }));
        }
        if file::identity(path)?.is_none() {
            return Ok(None);
        }
        let reader = self.open(path, aside)?;
        Ok(Some(Lent { reader, place }))
    }

    /// Opens a connection, unless others have opened one meanwhile and are done with it.
    fn open(&self, path: &Path, aside: impl FnOnce(String)) -> Result<Reader, Trouble> {
        let opened = match Turn::take(path) {
            Ok(turn) => {
                let idle = self.lock().idle.pop();
                if let Some(reader) = idle {
                    return Ok(reader);
                }
                file::open(path, &turn)
            }
            Err(trouble) => Err(trouble),
        };
        let opened = match opened {
            Err(why @ (Trouble::ReadOnly(_) | Trouble::Full(_))) => read_only::open(path, why),
            opened => opened,
        };
        let Opened { connection, identity, aside: why, is_snapshot } = opened?;
        connection.busy_timeout(READS_WITHIN)?;
        connection.pragma_update(None, "query_only", true)?;
        if let Some(why) = why {
            aside(why);
        }
        let mut pool = self.lock();
        (pool.current, pool.looked_at) = (Some(identity), Some(sync::now()));
        drop(pool);
        Ok(Reader { connection, identity, is_snapshot })
    }

    /// Closes the connections to a file that has another name now.
    pub(super) fn leave(&self, identity: Identity) {
        let mut pool = self.lock();
        pool.looked_at = None;
        pool.idle.retain(|reader| reader.identity != identity);
    }

    fn lock(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lent<'_> {
    pub(super) fn identity(&self) -> Identity {
        self.reader.identity
    }

    /// Does the work with the connection. It is closed if that fails, and goes back if not.
    pub(super) fn lend<T>(
        self,
        work: impl FnOnce(&Connection) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        let Self { reader, mut place } = self;
        let value = work(&reader.connection)?;
        place.returns = Some(reader);
        Ok(value)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut pool = self.readers.lock();
        pool.lent -= 1;
        let is_current = |reader: &Reader| pool.current == Some(reader.identity);
        if self.returns.as_ref().is_some_and(is_current) {
            pool.idle.extend(self.returns.take());
        }
        let is_awaited = pool.waiting > 0;
        drop(pool);
        // To wake nobody would take a system call as well.
        if is_awaited {
            self.readers.returned.notify_one();
        }
    }
}

/// A row that was found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) used: u64,
    pub(super) record: Record,
    /// Its tags, if they were asked for.
    pub(super) tags: Vec<String>,
}

/// The row of a key, unless it has expired. Keys may share an id: then the row has the record of the last one.
pub(super) fn find(
    connection: &Connection,
    row: &RowKey,
    now: u64,
    with_tags: bool,
) -> Result<Option<Found>, Trouble> {
    // Of a row and its tags both are read as of one instant.
    let _instant = with_tags.then(|| connection.unchecked_transaction()).transpose()?;
    let id = row.id();
    let mut statement =
        connection.prepare_cached("SELECT used, ends, record FROM records WHERE id = ?1")?;
    let mut rows = statement.query([id])?;
    let Some(found) = rows.next()? else { return Ok(None) };
    let ends: Option<i64> = found.get(1)?;
    let record = Record::from_bytes(found.get(2)?);
    let is_of_another = record.is_of(&row.function, row.digest) == Some(false);
    if is_of_another || ends.is_some_and(|ends| unsigned(ends) <= now) {
        return Ok(None);
    }
    let mut found = Found { used: unsigned(found.get(0)?), record, tags: Vec::new() };
    if with_tags {
        let mut statement = connection.prepare_cached("SELECT tag FROM tags WHERE id = ?1")?;
        let tags = statement.query_map([id], |row| row.get(0))?;
        found.tags = tags.collect::<Result<_, _>>()?;
    }
    Ok(Some(found))
}

/// The sum of the sizes.
pub(super) fn bytes(connection: &Connection) -> Result<u64, Trouble> {
    Ok(unsigned(connection.query_row("SELECT bytes FROM memofn", [], |row| row.get(0))?))
}

/// Reads so many records after this row. Returns the last row, or nothing after the last record.
pub(super) fn records_after(
    connection: &Connection,
    id: i64,
    mut each: impl FnMut(Vec<u8>),
) -> Result<Option<i64>, Trouble> {
    let mut statement = connection
        .prepare_cached("SELECT id, record FROM records WHERE id > ?1 ORDER BY id LIMIT 64")?;
    let mut rows = statement.query([id])?;
    let mut last = None;
    while let Some(row) = rows.next()? {
        last = Some(row.get(0)?);
        each(row.get(1)?);
    }
    Ok(last)
}

/// A number as a file has it. One that is too large stays the largest.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The same 64 bits as a file has them.
pub(super) fn bits(number: u64) -> i64 {
    i64::from_ne_bytes(number.to_ne_bytes())
}

/// A number of a file, which may have any value if it was damaged.
pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

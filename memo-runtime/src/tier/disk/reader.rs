//! Connections for reading.

use crate::base::sync::{self, Instant};
use crate::tier::disk::file::{self, Identity, Opened};
use crate::tier::disk::queue::RowKey;
use crate::tier::disk::trouble::Trouble;
use rusqlite::{Connection, OptionalExtension, params};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// So many connections stay open.
const READERS: usize = 4;

/// A reader waits so long for a lock. Writers hold none that it needs.
const READS_WITHIN: Duration = Duration::from_millis(500);

/// A file that was removed or renamed by others is noticed after this time.
const LOOKS_AFTER: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(super) struct Readers(Mutex<Idle>);

#[derive(Debug, Default)]
struct Idle {
    readers: Vec<Reader>,
    looked_at: Option<Instant>,
    /// The file that had the name then.
    current: Option<Identity>,
}

#[derive(Debug)]
pub(super) struct Reader {
    pub(super) connection: Connection,
    pub(super) identity: Identity,
}

impl Readers {
    /// A reader of the file at this path, or nothing if there is no file. `aside` is told why a file was put aside.
    pub(super) fn take(
        &self,
        path: &Path,
        aside: impl FnOnce(String),
    ) -> Result<Option<Reader>, Trouble> {
        let now = sync::now();
        let mut idle = self.lock();
        if idle.looked_at.is_none_or(|at| now.saturating_duration_since(at) >= LOOKS_AFTER) {
            idle.current = file::identity(path)?;
            idle.looked_at = Some(now);
            let current = idle.current;
            idle.readers.retain(|reader| Some(reader.identity) == current);
        }
        if let Some(reader) = idle.readers.pop() {
            return Ok(Some(reader));
        }
        drop(idle);
        if file::identity(path)?.is_none() {
            return Ok(None);
        }
        let Opened { connection, identity, aside: why } = file::open(path)?;
        connection.busy_timeout(READS_WITHIN)?;
        connection.pragma_update(None, "query_only", true)?;
        if let Some(why) = why {
            aside(why);
        }
        let mut idle = self.lock();
        (idle.current, idle.looked_at) = (Some(identity), Some(now));
        Ok(Some(Reader { connection, identity }))
    }

    pub(super) fn give_back(&self, reader: Reader) {
        let mut idle = self.lock();
        if idle.readers.len() < READERS && idle.current == Some(reader.identity) {
            idle.readers.push(reader);
        }
    }

    /// Closes the connections to a file that has another name now.
    pub(super) fn leave(&self, identity: Identity) {
        let mut idle = self.lock();
        idle.looked_at = None;
        idle.readers.retain(|reader| reader.identity != identity);
    }

    fn lock(&self) -> MutexGuard<'_, Idle> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A row that was found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) id: i64,
    pub(super) used: u64,
    pub(super) bytes: Vec<u8>,
    /// Its tags, if they were asked for.
    pub(super) tags: Vec<String>,
}

/// The row of a key, unless it has expired.
pub(super) fn find(
    connection: &Connection,
    row: &RowKey,
    now: u64,
    with_tags: bool,
) -> Result<Option<Found>, Trouble> {
    // Of a row and its tags both are read as of one instant.
    let _instant = with_tags.then(|| connection.unchecked_transaction()).transpose()?;
    let mut statement = connection.prepare_cached(
        "SELECT id, used, record FROM records \
         WHERE function = ?1 AND version = ?2 AND digest = ?3 AND (ends IS NULL OR ends > ?4)",
    )?;
    let RowKey { function, digest } = row;
    let key = params![function.name(), bits(function.version()), digest.to_be_bytes(), signed(now)];
    let found = statement.query_row(key, |row| {
        let (id, used) = (row.get(0)?, unsigned(row.get(1)?));
        Ok(Found { id, used, bytes: row.get(2)?, tags: Vec::new() })
    });
    let Some(mut found) = found.optional()? else { return Ok(None) };
    if with_tags {
        let mut statement = connection.prepare_cached("SELECT tag FROM tags WHERE id = ?1")?;
        let tags = statement.query_map([found.id], |row| row.get(0))?;
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

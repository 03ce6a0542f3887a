//! The records that go: those that have expired, the least recently used, and old versions.

use crate::tier::disk::reader::{bytes, signed, unsigned};
use crate::tier::disk::trouble::Trouble;
use crate::tier::disk::writer::WRITES_WITHIN;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use std::fs;
use std::path::Path;
use std::time::Duration;

/// So many rows go in one transaction. Other processes wait for it.
const STEP: u16 = 256;

/// A version that was not used for so many milliseconds goes, if another version of its function was used since.
const OLD: u64 = 30 * 24 * 60 * 60 * 1000;

/// The journal is emptied when it has more bytes.
const JOURNAL: u64 = 8 << 20;

const READERS_LEAVE_WITHIN: Duration = Duration::from_millis(100);

/// Removes the least recently used rows until the rest is within the bound. Returns what is left, in bytes.
pub(super) fn bound(connection: &Connection, max_bytes: u64) -> Result<u64, Trouble> {
    let mut left = bytes(connection)?;
    if left <= max_bytes {
        return Ok(left);
    }
    // A little more than needed, so that the next batches find room.
    let target = max_bytes - max_bytes / 16;
    let mut oldest =
        connection.prepare("SELECT id, size FROM records ORDER BY used, size LIMIT 64")?;
    let mut remove = connection.prepare("DELETE FROM records WHERE id = ?1")?;
    while left > target {
        let rows = oldest.query_map([], |row| Ok((row.get(0)?, unsigned(row.get(1)?))))?;
        let rows = rows.collect::<Result<Vec<(i64, u64)>, _>>()?;
        if rows.is_empty() {
            return count(connection);
        }
        for (id, size) in rows {
            if left <= target {
                break;
            }
            if remove.execute([id])? == 0 {
                return Err(Trouble::Damaged("an index names a row that is not there".to_owned()));
            }
            left = left.saturating_sub(size);
        }
    }
    bytes(connection)
}

/// Removes some of the expired rows. Returns how many.
pub(super) fn expired(connection: &Connection, now: u64) -> Result<usize, Trouble> {
    let sql = "DELETE FROM records WHERE id IN (SELECT id FROM records WHERE ends <= ?1 LIMIT ?2)";
    Ok(connection.prepare_cached(sql)?.execute(params![signed(now), STEP])?)
}

/// Removes all that need not be there, in steps, and counts the rest anew.
pub(super) fn all(connection: &mut Connection, now: u64) -> Result<(), Trouble> {
    while in_a_step(connection, |step| expired(step, now))? == STEP.into() {}
    let since = signed(now.saturating_sub(OLD));
    while in_a_step(connection, |step| old_version(step, since))? {}
    in_a_step(connection, count)?;
    Ok(())
}

fn in_a_step<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Connection) -> Result<T, Trouble>,
) -> Result<T, Trouble> {
    let step = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let done = work(&step)?;
    step.commit()?;
    Ok(done)
}

/// Removes some rows of an old version. Returns whether there was one.
fn old_version(connection: &Connection, since: i64) -> Result<bool, Trouble> {
    let mut find = connection.prepare(
        "SELECT function, version FROM versions AS old WHERE used < ?1 AND EXISTS \
         (SELECT 1 FROM versions WHERE function = old.function AND used > old.used) LIMIT 1",
    )?;
    let old = find.query_row([since], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((function, version)): Option<(String, i64)> = old else { return Ok(false) };
    let rows = connection.execute(
        "DELETE FROM records WHERE id IN \
         (SELECT id FROM records WHERE function = ?1 AND version = ?2 LIMIT ?3)",
        params![function, version, STEP],
    )?;
    if rows < STEP.into() {
        let sql = "DELETE FROM versions WHERE function = ?1 AND version = ?2";
        connection.execute(sql, params![function, version])?;
    }
    Ok(true)
}

/// Corrects the sum of the sizes. Returns it.
fn count(connection: &Connection) -> Result<u64, Trouble> {
    let sql = "UPDATE memofn SET bytes = (SELECT coalesce(sum(size), 0) FROM records)";
    connection.execute(sql, [])?;
    bytes(connection)
}

/// Gives free pages back to the system if there are many.
pub(super) fn shrink(connection: &Connection) -> Result<(), Trouble> {
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let free = number("PRAGMA freelist_count")?;
    if free > 256 && free > number("PRAGMA page_count")? / 4 {
        // Each row is a page that was given back.
        let mut statement = connection.prepare("PRAGMA incremental_vacuum(1024)")?;
        let mut pages = statement.query([])?;
        while pages.next()?.is_some() {}
    }
    Ok(())
}

/// Empties the journal if it is long. `SQLite` begins it anew only when nobody reads at that moment, so it would grow without
/// end if others always read. This waits for those who read now, but not long. Then the next batch tries again.
pub(super) fn cut_journal(connection: &Connection, journal: &Path) -> Result<(), Trouble> {
    if fs::metadata(journal).is_ok_and(|journal| journal.len() > JOURNAL) {
        connection.busy_timeout(READERS_LEAVE_WITHIN)?;
        let cut = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        connection.busy_timeout(WRITES_WITHIN)?;
        if let Err(trouble @ Trouble::Damaged(_)) = cut.map_err(Trouble::from) {
            return Err(trouble);
        }
    }
    Ok(())
}

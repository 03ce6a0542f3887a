//! The marks of a file: what was forgotten, and when.
//!
//! A run that began in one process must not keep its result if another process has forgotten it meanwhile. The record says
//! when its run began, and the file has a mark for each removal. A tier knows the order of its own removals from its `queue`,
//! so it asks only for the marks of other tiers: two events of one process may be of one millisecond.
//!
//! Old marks are cut off. A run that began before the last one of those keeps nothing, as if it were marked.

use crate::tier::disk::queue::{Keep, RowKey, What};
use crate::tier::disk::reader::{bits, signed, unsigned};
use crate::tier::disk::trouble::Trouble;
use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

/// So many marks are left in a file.
const MOST: u16 = 1 << 14;

/// Marks are left for so many milliseconds. A run that takes longer keeps its result only if no older mark was cut off.
const LEFT_FOR: u64 = 60 * 60 * 1000;

/// Marks a removal at this time, by this tier.
pub(super) fn add(connection: &Connection, what: &What, at: u64, tier: u64) -> Result<(), Trouble> {
    let mut add = connection.prepare_cached(
        "INSERT INTO marks (name, at, tier) VALUES (?1, ?2, ?3) ON CONFLICT (name) \
         DO UPDATE SET at = excluded.at, tier = excluded.tier WHERE excluded.at >= at",
    )?;
    add.execute(params![name_of(what), signed(at), bits(tier)])?;
    Ok(())
}

/// The marks of other tiers than this one, as of the beginning of a transaction.
pub(super) struct Marks<'c> {
    floor: u64,
    last: u64,
    find: CachedStatement<'c>,
    tier: u64,
}

impl<'c> Marks<'c> {
    /// If the clock was set back, marks are from the future. Their removals happened by `now` at the latest.
    pub(super) fn read(connection: &'c Connection, now: u64, tier: u64) -> Result<Self, Trouble> {
        let mut correct = connection.prepare_cached("UPDATE marks SET at = ?1 WHERE at > ?1")?;
        correct.execute([signed(now)])?;
        let mut numbers = connection
            .prepare_cached("SELECT floor, (SELECT coalesce(max(at), 0) FROM marks) FROM memofn")?;
        let (floor, last) =
            numbers.query_row([], |row| Ok((unsigned(row.get(0)?), unsigned(row.get(1)?))))?;
        let find = connection
            .prepare_cached("SELECT 1 FROM marks WHERE name = ?1 AND at >= ?2 AND tier <> ?3")?;
        Ok(Self { floor: floor.min(now), last, find, tier })
    }

    /// Whether a record was forgotten since its run began.
    pub(super) fn outdate(&mut self, keep: &Keep) -> Result<bool, Trouble> {
        if keep.began > self.floor.max(self.last) {
            return Ok(false);
        }
        if keep.began <= self.floor {
            return Ok(true);
        }
        let RowKey { function, .. } = &keep.row;
        let whats =
            [What::All, What::Function(function.name().to_owned()), What::Key(keep.row.clone())];
        let tags = keep.tags.iter().map(|tag| What::Tag(tag.clone()));
        for what in whats.into_iter().chain(tags) {
            let mark = params![name_of(&what), signed(keep.began), bits(self.tier)];
            if self.find.exists(mark)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Cuts off the oldest marks, if they are too old or too many.
pub(super) fn cut(connection: &Connection, now: u64) -> Result<(), Trouble> {
    let mut beyond =
        connection.prepare_cached("SELECT at FROM marks ORDER BY at DESC LIMIT 1 OFFSET ?1")?;
    let beyond = beyond.query_row([MOST], |row| row.get::<_, i64>(0)).optional()?;
    let old = signed(now.saturating_sub(LEFT_FOR));
    let until = beyond.map_or(old, |at| at.max(old));
    let mut cut = connection.prepare_cached("SELECT max(at) FROM marks WHERE at <= ?1")?;
    let last: Option<i64> = cut.query_row([until], |row| row.get(0))?;
    if let Some(last) = last {
        connection.execute("UPDATE memofn SET floor = max(floor, ?1)", [last])?;
        connection.execute("DELETE FROM marks WHERE at <= ?1", [last])?;
    }
    Ok(())
}

/// The name of what is marked. Names of different things differ.
fn name_of(what: &What) -> Vec<u8> {
    let (kind, name): (u8, &[&[u8]]) = match what {
        What::All => (0, &[]),
        What::Function(name) => (1, &[name.as_bytes()]),
        What::Tag(tag) => (2, &[tag.as_bytes()]),
        What::Key(RowKey { function, digest }) => {
            let (version, digest) = (function.version().to_be_bytes(), digest.to_be_bytes());
            return [&[3], &version[..], &digest, function.name().as_bytes()].concat();
        }
    };
    [&[kind][..], &name.concat()].concat()
}

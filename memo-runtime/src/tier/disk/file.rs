//! One file: how it is opened, what is in it, and how a damaged one is put aside.
//!
//! All processes open and rename a file while they hold the lock beside it, `<name>-lock`. So none opens the journal of a
//! file that another one has just renamed, and a new file is not mistaken for the damaged one.

use crate::base::sync;
use crate::tier::disk::reader::signed;
use crate::tier::disk::trouble::Trouble;
use crate::tier::wall;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::ffi::OsString;
use std::fs::{self, DirBuilder, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// The version of the schema.
const VERSION: i32 = 3;

/// Tells our files from those of other programs.
const APPLICATION: i32 = 0x6d65_6d6f;

/// The tables, indexes and triggers of a file, by name. A row has the [id](super::queue::RowKey::id) of its key. Each row has
/// its size, and the table `memofn` has the sum.
const SCHEMA: [(&str, &str); 12] = [
    (
        "marks",
        "CREATE TABLE marks (name BLOB PRIMARY KEY, at INTEGER NOT NULL, tier INTEGER NOT NULL) WITHOUT ROWID",
    ),
    ("marks_by_time", "CREATE INDEX marks_by_time ON marks (at)"),
    ("memofn", "CREATE TABLE memofn (bytes INTEGER NOT NULL, floor INTEGER NOT NULL)"),
    (
        "records",
        "CREATE TABLE records (id INTEGER PRIMARY KEY, function TEXT NOT NULL, version INTEGER NOT NULL, \
         size INTEGER NOT NULL, used INTEGER NOT NULL, ends INTEGER, record BLOB NOT NULL)",
    ),
    ("records_by_end", "CREATE INDEX records_by_end ON records (ends) WHERE ends IS NOT NULL"),
    ("records_by_function", "CREATE INDEX records_by_function ON records (function, version)"),
    ("records_by_use", "CREATE INDEX records_by_use ON records (used, size)"),
    (
        "record_comes",
        "CREATE TRIGGER record_comes AFTER INSERT ON records BEGIN \
         UPDATE memofn SET bytes = bytes + NEW.size; END",
    ),
    (
        "record_goes",
        "CREATE TRIGGER record_goes AFTER DELETE ON records BEGIN \
         UPDATE memofn SET bytes = bytes - OLD.size; DELETE FROM tags WHERE id = OLD.id; END",
    ),
    (
        "tags",
        "CREATE TABLE tags (id INTEGER NOT NULL, tag TEXT NOT NULL, PRIMARY KEY (id, tag)) WITHOUT ROWID",
    ),
    ("tags_by_name", "CREATE INDEX tags_by_name ON tags (tag)"),
    (
        "versions",
        "CREATE TABLE versions (function TEXT NOT NULL, version INTEGER NOT NULL, used INTEGER NOT NULL, \
         PRIMARY KEY (function, version)) WITHOUT ROWID",
    ),
];

/// An opening waits so long for those of others.
pub(super) const OPENS_WITHIN: Duration = Duration::from_secs(1);

/// So many damaged files are left for people to look at.
const LEFT_ASIDE: usize = 3;

/// The identity of a file, which it keeps under another name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity(u64, u64);

pub(super) struct Opened {
    pub(super) connection: Connection,
    pub(super) identity: Identity,
    /// Why a file was put aside, if one was.
    pub(super) aside: Option<String>,
    /// It does not see what others write.
    pub(super) is_snapshot: bool,
}

/// Opens a file, in its turn. One that is not there is created. A damaged one is put aside first.
pub(super) fn open(path: &Path, _: &Turn) -> Result<Opened, Trouble> {
    let mut aside = None;
    loop {
        if identity(path)?.is_none() {
            // The journal of a file that was removed is not that of the new one.
            remove(path, &["-wal", "-shm"]);
        }
        let identity = create(path)?;
        match connect(path) {
            Ok(connection) => {
                return Ok(Opened { connection, identity, aside, is_snapshot: false });
            }
            Err(Trouble::Damaged(why)) if aside.is_none() => {
                rename(path)?;
                aside = Some(why);
            }
            Err(trouble) => return Err(trouble),
        }
    }
}

/// Puts a damaged file aside, unless that was done already. Returns whether it did it.
pub(super) fn put_aside(path: &Path, damaged: Identity) -> Result<bool, Trouble> {
    let _turn = Turn::take(path)?;
    if identity(path)? != Some(damaged) {
        return Ok(false);
    }
    rename(path)?;
    Ok(true)
}

/// The file that has this name now.
pub(super) fn identity(path: &Path) -> io::Result<Option<Identity>> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(identity_of(&metadata))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(unix)]
pub(super) fn identity_of(metadata: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    Identity(metadata.dev(), metadata.ino())
}

/// A file that is open is not renamed there, so the time will do.
#[cfg(not(unix))]
pub(super) fn identity_of(metadata: &Metadata) -> Identity {
    let created = metadata.created().ok();
    let since = created.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    let since = since.unwrap_or_default();
    Identity(since.as_secs(), since.subsec_nanos().into())
}

/// The turn to open or rename a file. It ends when this is dropped, or when the process ends.
pub(super) struct Turn {
    /// The lock for other processes.
    _locked: Connection,
    _here: TurnHere,
}

/// The turn in this process.
struct TurnHere;

static IS_TAKEN: Mutex<bool> = Mutex::new(false);
static IS_FREE: Condvar = Condvar::new();

impl Turn {
    pub(super) fn take(path: &Path) -> Result<Self, Trouble> {
        if path.as_os_str().is_empty() {
            return Err(Trouble::Failed("the system names no cache directory".to_owned()));
        }
        let end = sync::now() + OPENS_WITHIN;
        let here = TurnHere::take().ok_or_else(busy)?;
        if let Some(directory) = path.parent() {
            create_directory(directory)?;
        }
        let path = with_suffix(path, "-lock");
        create(&path)?;
        // The file stays empty. Nobody but SQLite has locks that work on all systems and end with a process.
        let locked = Connection::open_with_flags(&path, FLAGS)?;
        locked.busy_timeout(end.saturating_duration_since(sync::now()))?;
        // Nothing is written, also if the disk is full: a journal on disk would have the first page of the new database.
        let sql = "PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE";
        locked.execute_batch(sql).map_err(of_lock)?;
        Ok(Self { _locked: locked, _here: here })
    }
}

/// The trouble of a lock file. That one is not put aside.
fn of_lock(error: rusqlite::Error) -> Trouble {
    if matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    ) {
        return busy();
    }
    match error.into() {
        Trouble::Damaged(why) => Trouble::Failed(format!("the lock of the file: {why}")),
        trouble => trouble,
    }
}

fn busy() -> Trouble {
    Trouble::Failed("another process or thread opens the file".to_owned())
}

impl TurnHere {
    /// Waits for the turn, but not long.
    fn take() -> Option<Self> {
        let is_taken = IS_TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = IS_FREE.wait_timeout_while(is_taken, OPENS_WITHIN, |is_taken| *is_taken);
        let (mut is_taken, _) = waited.unwrap_or_else(PoisonError::into_inner);
        (!mem::replace(&mut *is_taken, true)).then_some(Self)
    }
}

impl Drop for TurnHere {
    fn drop(&mut self) {
        *IS_TAKEN.lock().unwrap_or_else(PoisonError::into_inner) = false;
        IS_FREE.notify_one();
    }
}

// The connection is used by one thread at a time.
const FLAGS: OpenFlags = OpenFlags::SQLITE_OPEN_READ_WRITE.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

fn create_directory(directory: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// Creates a file for its owner alone. One that is there is not opened: to close it would end the locks that this process
/// has on it.
fn create(path: &Path) -> Result<Identity, Trouble> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error.into()),
        _ => {}
    }
    Ok(identity_of(&fs::metadata(path)?))
}

fn connect(path: &Path) -> Result<Connection, Trouble> {
    let connection = Connection::open_with_flags(path, FLAGS)?;
    connection.busy_timeout(OPENS_WITHIN)?;
    if connection.is_readonly("main")? {
        return Err(Trouble::ReadOnly("the file is read-only".to_owned()));
    }
    // An old SQLite of the system has no such mode.
    let _ = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true);
    connection.execute_batch(
        "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA synchronous = NORMAL; \
         PRAGMA journal_size_limit = 4194304",
    )?;
    let is_new = number(&connection, "SELECT count(*) FROM sqlite_schema")? == 0;
    if connection.is_readonly("main")? {
        return Err(Trouble::Damaged("the header names another format".to_owned()));
    }
    if is_new {
        connection.execute_batch("PRAGMA auto_vacuum = INCREMENTAL")?;
    } else {
        check_contents(&connection)?;
    }
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    if is_new {
        fill(&connection, path)?;
    }
    // There is one row, and the journal is open from here on.
    number(&connection, "SELECT bytes FROM memofn")?;
    Ok(connection)
}

/// Whether the file is one of ours, and of this version.
pub(super) fn check_contents(connection: &Connection) -> Result<(), Trouble> {
    if number(connection, "PRAGMA application_id")? != APPLICATION.into() && !is_ours(connection)? {
        Err(Trouble::Failed("the file is the database of another program".to_owned()))
    } else if number(connection, "PRAGMA user_version")? != VERSION.into() {
        Err(Trouble::Damaged("the file has another version".to_owned()))
    } else if !has_schema(connection)? {
        Err(Trouble::Damaged("the file has other tables".to_owned()))
    } else {
        Ok(())
    }
}

fn number(connection: &Connection, sql: &str) -> Result<i64, Trouble> {
    Ok(connection.query_row(sql, [], |row| row.get(0))?)
}

fn is_ours(connection: &Connection) -> Result<bool, Trouble> {
    let sql = "SELECT count(*) FROM sqlite_schema WHERE name IN ('memofn', 'records', 'tags')";
    Ok(number(connection, sql)? > 1)
}

fn has_schema(connection: &Connection) -> Result<bool, Trouble> {
    let mut statement =
        connection.prepare("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")?;
    let mut rows = statement.query([])?;
    let mut found = 0;
    while let Some(row) = rows.next()? {
        let (name, sql): (String, String) = (row.get(0)?, row.get(1)?);
        if !SCHEMA.contains(&(&name, &sql)) {
            return Ok(false);
        }
        found += 1;
    }
    Ok(found == SCHEMA.len())
}

/// Fills a new file. If it takes the place of a damaged one, the marks of that are lost: runs that began before keep nothing.
fn fill(connection: &Connection, path: &Path) -> Result<(), Trouble> {
    let floor = damaged_at(path).last().map_or(0, |(at, _)| *at);
    let transaction = connection.unchecked_transaction()?;
    for (_, sql) in SCHEMA {
        transaction.execute(sql, [])?;
    }
    transaction.execute("INSERT INTO memofn (bytes, floor) VALUES (0, ?1)", [signed(floor)])?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    Ok(transaction.commit()?)
}

/// Renames a file and its journal. The caller has the turn.
fn rename(path: &Path) -> io::Result<()> {
    let mut at = wall::now();
    let aside = loop {
        let aside = with_suffix(path, &format!(".damaged-{at}"));
        if !aside.try_exists()? {
            break aside;
        }
        at = at.wrapping_add(1);
    };
    for suffix in ["-wal", "-shm", ""] {
        match fs::rename(with_suffix(path, suffix), with_suffix(&aside, suffix)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    remove_older(path);
    Ok(())
}

/// The damaged files of this one, the oldest first.
pub(super) fn damaged(path: &Path) -> Vec<PathBuf> {
    damaged_at(path).into_iter().map(|(_, file)| file).collect()
}

/// The damaged files of this one, and when they were put aside.
fn damaged_at(path: &Path) -> Vec<(u64, PathBuf)> {
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
    let Ok(entries) = fs::read_dir(directory.unwrap_or(Path::new("."))) else { return Vec::new() };
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return Vec::new() };
    let stamp = |file: PathBuf| {
        let stamp = file.file_name()?.to_str()?.strip_prefix(name)?.strip_prefix(".damaged-")?;
        Some((stamp.parse::<u64>().ok()?, file))
    };
    let mut files: Vec<_> = entries.flatten().filter_map(|entry| stamp(entry.path())).collect();
    files.sort();
    files
}

fn remove_older(path: &Path) {
    let files = damaged(path);
    for file in files.iter().rev().skip(LEFT_ASIDE) {
        remove(file, &["-wal", "-shm", ""]);
    }
}

/// Removes files. One that cannot be removed is left.
fn remove(path: &Path, suffixes: &[&str]) {
    for suffix in suffixes {
        let _ = fs::remove_file(with_suffix(path, suffix));
    }
}

pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

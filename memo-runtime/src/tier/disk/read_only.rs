//! Opening a file that cannot be written, for reading.

use crate::tier::disk::file::{self, Opened, check_contents, identity_of, with_suffix};
use crate::tier::disk::trouble::Trouble;
use rusqlite::{Connection, OpenFlags};
use std::fmt::Write;
use std::fs;
use std::path::Path;

const FLAGS: OpenFlags = OpenFlags::SQLITE_OPEN_READ_ONLY.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

/// Opens a file for reading alone, which cannot be opened for writing because of this trouble. That remains if nothing is in
/// the file yet.
///
/// `SQLite` needs files beside it, for the journal. If they are not there and cannot be created, nobody has the file open, and it
/// is read as it is. A process that may write may open it later. So such a connection is a snapshot, and is not kept for long.
pub(super) fn open(path: &Path, why: Trouble) -> Result<Opened, Trouble> {
    let metadata = fs::metadata(path)?;
    if metadata.len() == 0 && !has_journal(path) {
        return Err(why);
    }
    let identity = identity_of(&metadata);
    let opened =
        |connection, is_snapshot| Opened { connection, identity, aside: None, is_snapshot };
    match connect(path, FLAGS) {
        Ok(connection) => Ok(opened(connection, false)),
        Err(Trouble::Damaged(why)) => Err(Trouble::Damaged(why)),
        // The journal is newer than the file.
        Err(trouble) if has_journal(path) => Err(trouble),
        Err(_) => {
            let uri = snapshot_uri(path)
                .ok_or_else(|| Trouble::Failed("the path is not Unicode".to_owned()))?;
            let flags = FLAGS.union(OpenFlags::SQLITE_OPEN_URI);
            Ok(opened(connect(uri.as_ref(), flags)?, true))
        }
    }
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, Trouble> {
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(file::OPENS_WITHIN)?;
    connection.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON")?;
    check_contents(&connection)?;
    connection.query_row("SELECT bytes FROM memofn", [], |_| Ok(()))?;
    Ok(connection)
}

fn has_journal(path: &Path) -> bool {
    fs::metadata(with_suffix(path, "-wal")).is_ok_and(|journal| journal.len() > 0)
}

/// The URI by which a file is read without its journal and without locks.
fn snapshot_uri(path: &Path) -> Option<String> {
    let mut uri = "file:".to_owned();
    for byte in path.to_str()?.bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' => uri.push(byte.into()),
            _ if byte.is_ascii_alphanumeric() => uri.push(byte.into()),
            b'\\' if cfg!(windows) => uri.push('/'),
            _ => write!(uri, "%{byte:02x}").ok()?,
        }
    }
    uri.push_str("?immutable=1");
    Some(uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_has_a_uri() {
        let uri = |path: &str| snapshot_uri(path.as_ref()).expect("it is Unicode");
        assert_eq!(uri("/a-b/c_1.db"), "file:/a-b/c_1.db?immutable=1");
        assert_eq!(uri("/a b?c#d%ü"), "file:/a%20b%3fc%23d%25%c3%bc?immutable=1");
    }
}

//! The troubles of a file.

use rusqlite::{Error, ErrorCode, ffi};
use std::fmt;
use std::io;

/// Why a file did not do what it was asked for.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It is not one of ours, or not a whole one. It is put aside.
    Damaged(String),
    /// It cannot be written. Perhaps it can be read.
    ReadOnly(String),
    /// The disk is full. Perhaps it can be read.
    Full(String),
    /// It may work later.
    Failed(String),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        if shows_damage(&error) {
            return Self::Damaged(text);
        }
        match error.sqlite_error() {
            Some(error) if error.code == ErrorCode::ReadOnly => Self::ReadOnly(text),
            Some(error) if shows_full_disk(*error) => {
                Self::Full(format!("the disk is full: {text}"))
            }
            _ => Self::Failed(text),
        }
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::ReadOnly(error.to_string())
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::Full(error.to_string())
            }
            _ => Self::Failed(error.to_string()),
        }
    }
}

/// Whether only a damaged file gives this error. Our statements fit our schema: in a whole file none of them violates a
/// constraint or finds a value of another type.
fn shows_damage(error: &Error) -> bool {
    match error {
        Error::SqliteFailure(error, _) => {
            let is_damage = matches!(
                error.code,
                ErrorCode::DatabaseCorrupt
                    | ErrorCode::NotADatabase
                    | ErrorCode::ConstraintViolation
                    | ErrorCode::TypeMismatch
            );
            // A statement that is wrong is one for other tables than those of the file.
            is_damage
                || matches!(error.extended_code, ffi::SQLITE_ERROR | ffi::SQLITE_IOERR_SHORT_READ)
        }
        Error::QueryReturnedNoRows
        | Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::InvalidColumnType(..)
        | Error::Utf8Error(..) => true,
        _ => false,
    }
}

/// Whether there was no room, for a page or for the files beside the file.
fn shows_full_disk(error: ffi::Error) -> bool {
    error.code == ErrorCode::DiskFull || error.extended_code == ffi::SQLITE_IOERR_SHMSIZE
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Damaged(text) | Self::ReadOnly(text) | Self::Full(text) | Self::Failed(text)) =
            self;
        f.write_str(text)
    }
}

impl From<Trouble> for io::Error {
    fn from(trouble: Trouble) -> Self {
        let kind = match trouble {
            Trouble::Damaged(_) => io::ErrorKind::InvalidData,
            Trouble::ReadOnly(_) => io::ErrorKind::ReadOnlyFilesystem,
            Trouble::Full(_) => io::ErrorKind::StorageFull,
            Trouble::Failed(_) => io::ErrorKind::Other,
        };
        Self::new(kind, trouble.to_string())
    }
}

//! The troubles of a file.

use rusqlite::{Error, ErrorCode, ffi};
use std::fmt;
use std::io;

/// Why a file did not do what it was asked for.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It is not one of ours, or not a whole one. It is put aside.
    Damaged(String),
    /// It may work later.
    Failed(String),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        if shows_damage(&error) { Self::Damaged(text) } else { Self::Failed(text) }
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.to_string())
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

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Damaged(text) | Self::Failed(text)) = self;
        f.write_str(text)
    }
}

impl From<Trouble> for io::Error {
    fn from(trouble: Trouble) -> Self {
        let kind = match trouble {
            Trouble::Damaged(_) => io::ErrorKind::InvalidData,
            Trouble::Failed(_) => io::ErrorKind::Other,
        };
        Self::new(kind, trouble.to_string())
    }
}

//! What can go wrong inside the backend, and what the store's callers are told of it.

use std::io::Write as _;
use std::path::Path;

use rusqlite::ErrorCode;

use crate::StoreError;

/// A fault inside one job.
#[derive(Debug)]
pub(super) enum Fault {
    /// SQLite's own complaint.
    Sql(rusqlite::Error),
    /// A stored value that this version never writes.
    Damaged(&'static str),
    /// The caller asked for something that makes no sense.
    Misuse(&'static str),
}

/// The result of a job or of a read.
pub(super) type Outcome<T> = Result<T, Fault>;

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl Fault {
    /// Whether running the jobs of a failed batch one by one could help some of them.
    pub(super) fn may_spare_others(&self) -> bool {
        !matches!(self.code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
    }

    /// What the caller is told; `folder` is looked at to tell a full disk from a broken one.
    pub(super) fn told(self, folder: &Path) -> StoreError {
        let error = match self {
            Self::Sql(error) => error,
            Self::Damaged(what) => return StoreError::Damaged(what.into()),
            Self::Misuse(what) => return StoreError::Other(what.into()),
        };
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => StoreError::Full,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed) => {
                StoreError::Locked(error.to_string())
            }
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Damaged(error.to_string()),
            // SQLite says "full" only where a plain write fails for want of space; growing the shared memory file or
            // a sync that fails for the same reason is an I/O error to it.
            Some(ErrorCode::SystemIoFailure) if no_space_left(folder) => StoreError::Full,
            Some(_) => StoreError::Other(error.to_string()),
            None => match error {
                rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::IntegralValueOutOfRange(..) => {
                    StoreError::Damaged("a column holds a value of the wrong form".into())
                }
                other => StoreError::Other(other.to_string()),
            },
        }
    }

    fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Sql(error) => error.sqlite_error_code(),
            Self::Damaged(_) | Self::Misuse(_) => None,
        }
    }
}

fn no_space_left(folder: &Path) -> bool {
    const PROBE_BYTES: usize = 64 * 1024;
    let probe = folder.join(".huis-space-probe");
    let written =
        std::fs::File::create(&probe).and_then(|mut file| file.write_all(&[1; PROBE_BYTES]).and(file.sync_all()));
    // The probe is of no use to anybody; a leftover is overwritten by the next one.
    let _ = std::fs::remove_file(&probe);
    matches!(
        written.map_err(|error| error.kind()),
        Err(std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(code: std::ffi::c_int) -> StoreError {
        let error = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
        Fault::from(error).told(&std::env::temp_dir())
    }

    #[test]
    fn sqlites_complaints_are_told_as_what_an_operator_can_act_on() {
        use rusqlite::ffi;
        assert!(matches!(told(ffi::SQLITE_FULL), StoreError::Full));
        for code in [ffi::SQLITE_BUSY, ffi::SQLITE_BUSY_SNAPSHOT, ffi::SQLITE_LOCKED, ffi::SQLITE_PROTOCOL] {
            assert!(matches!(told(code), StoreError::Locked(_)), "{code}");
        }
        for code in [ffi::SQLITE_CORRUPT, ffi::SQLITE_NOTADB] {
            assert!(matches!(told(code), StoreError::Damaged(_)), "{code}");
        }
        assert!(matches!(told(ffi::SQLITE_IOERR_FSYNC), StoreError::Other(_)));
    }
}

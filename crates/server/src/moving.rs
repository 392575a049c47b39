//! A server's store moved into another database, while the server is stopped: what is `huis migrate-store`.
//!
//! The keys stay where they are: both stores belong to the same ones, and messages are checked with them on their way.

use std::path::{Path, PathBuf};

use huis_proto::aad::Act;
use huis_proto::{Bytes32, mls};
use huis_store::moving::{Move, MoveError};
pub use huis_store::moving::{Moved, Place};

use crate::keys::{KeyError, Keys};
use crate::serve::process::DATABASE;

/// Why a store was not moved.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The folder is not that of a server.
    #[error("{0} is no data folder of a server: it holds no keys, which stay there while the store moves")]
    NoKeys(PathBuf),
    /// Its keys can't be had.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The store could not be moved.
    #[error(transparent)]
    Move(#[from] MoveError),
}

impl MigrateError {
    /// Stands for the reason, and does not change.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoKeys(_) | Self::Keys(_) => "keys",
            Self::Move(MoveError::Store { .. }) => "database",
            Self::Move(MoveError::Taken(_)) => "target-not-empty",
            Self::Move(MoveError::OtherMove(_)) => "other-move",
            Self::Move(MoveError::Changed { .. }) => "source-changed",
            Self::Move(MoveError::Differs { .. }) => "target-differs",
        }
    }
}

/// The store that is meant by `sqlite` (in the data folder), `sqlite:FILE`, or `postgres://…`.
///
/// # Errors
/// What would be right; nothing of the address is repeated, which may hold a password.
pub fn place(text: &str, data: &Path) -> Result<Place, String> {
    match text.strip_prefix("sqlite") {
        Some("") => Ok(Place::Sqlite(data.join(DATABASE))),
        Some(path) => match path.strip_prefix(':') {
            Some(path) if !path.is_empty() => Ok(Place::Sqlite(path.into())),
            _ => Err("expected sqlite, or sqlite:FILE".into()),
        },
        None => text
            .parse()
            .map(Box::new)
            .map(Place::Postgres)
            .map_err(|wrong| format!("{wrong}; or sqlite, or sqlite:FILE")),
    }
}

/// Moves the store of the server with this data folder, or goes on with that. `progress` is told what is done, and of how
/// much.
///
/// # Errors
/// [`MigrateError`]; what is in `from` is as it was, and nothing serves from `to` before all of it is there.
pub async fn migrate_store(
    data: &Path,
    from: Place,
    to: Place,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Moved, MigrateError> {
    if !Keys::are_in(data) {
        return Err(MigrateError::NoKeys(data.to_owned()));
    }
    let keys = Keys::open(data)?;
    let moving = Move { from, to, franking: keys.franking(), commitment_of };
    Ok(moving.run(progress).await?)
}

/// As it was taken for, when the message came.
fn commitment_of(message: &[u8]) -> Option<Bytes32> {
    match mls::header(message).ok()?.data.act {
        Act::Message { commitment, .. } => Some(commitment),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_file_or_a_database_and_an_error_repeats_no_password() {
        let said = |text: &str| place(text, Path::new("/data")).map(|place| place.to_string());
        assert_eq!(said("sqlite"), Ok("/data/huis.db".into()));
        assert_eq!(said("sqlite:/elsewhere/store.db"), Ok("/elsewhere/store.db".into()));
        assert_eq!(said("postgres://huis:s3cr3t@db.example.org/huis"), Ok("postgres://db.example.org/huis".into()));
        for wrong in ["", "sqlite:", "sqlites", "/data/huis.db", "mysql://a:s3cr3t@b/c", "postgres://a:s3cr3t@b:port/c"]
        {
            let error = said(wrong).expect_err(wrong);
            assert!(error.contains("expected") && !error.contains("s3cr3t"), "{error}");
        }
    }
}

//! Backups: everything of a server in one file, made while it serves, and brought back into an empty folder.
//!
//! Whoever has a server's database *and* its OPAQUE secret can guess passwords. So the secrets of a backup are sealed
//! in any case: with everything else to a passphrase or keys that the operator names, or alone, to a key that is made
//! for this one backup and shown once.

mod belongings;
mod format;
mod lives;
mod making;
mod reading;
mod restoring;
mod sealing;

use std::io;
use std::path::{Path, PathBuf};

use huis_store::StoreError;

use crate::config::Config;
use crate::keys::KeyError;
use crate::space::size;
use format::FormatError;

pub use format::Description;
pub use lives::begin_another_life;
pub use making::{Made, make};
pub use reading::{Backup, Needs};
pub use restoring::{Restored, UNFINISHED, restore};
pub use sealing::{Opening, Recipient, RestoreKey, Sealing, UnusableKey};

/// Whether the database is one that these backups are of.
///
/// # Errors
/// [`BackupError::Elsewhere`].
pub fn is_in_the_folder(config: &Config) -> Result<(), BackupError> {
    match &config.database {
        None => Ok(()),
        Some(database) => Err(BackupError::Elsewhere(database.to_string())),
    }
}

/// A backup was not made or not brought back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file or folder can't be read or written.
    #[error("{path}: {error}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// There is a file of that name, and none is overwritten.
    #[error("{0} exists")]
    Exists(PathBuf),
    /// The folder has no server's database.
    #[error("there is no database in {0}")]
    NoServer(PathBuf),
    /// The database is not in the data folder.
    #[error("the database is {0}, and these backups are of a database in the data folder")]
    Elsewhere(String),
    /// The server's keys can't be had.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// A file of the server is larger than any of its kind.
    #[error("{0} is larger than 1 MB")]
    TooLarge(PathBuf),
    /// The database can't be had.
    #[error("{path}: {error}")]
    Store {
        /// The database.
        path: PathBuf,
        /// Why.
        error: StoreError,
    },
    /// There is less space than is needed.
    #[error("{} has {} free, and {} are needed", .folder.display(), size(*.free), size(*.needed))]
    NoSpace {
        /// Where.
        folder: PathBuf,
        /// What is free, in bytes.
        free: u64,
        /// What is needed, in bytes.
        needed: u64,
    },
    /// Another backup is being made at the same time.
    #[error("another backup is being made: {0} is held")]
    Busy(PathBuf),
    /// What was written reads back otherwise.
    #[error("{0} does not read back as it was written: the disk is not to be trusted")]
    BadDisk(PathBuf),
    /// The file is no backup.
    #[error("{0} is no backup of Huis")]
    NotABackup(PathBuf),
    /// The backup is of a later form.
    #[error("{path} is a backup of form {found}, and this version knows form {known}")]
    NewerForm {
        /// The file.
        path: PathBuf,
        /// Its form.
        found: u32,
        /// The newest that is known.
        known: u32,
    },
    /// The backup is cut or changed.
    #[error("{path} is damaged: {what}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How that was noticed.
        what: String,
    },
    /// What was given does not open it.
    #[error("{0} is not opened by what was given")]
    WrongKey(PathBuf),
    /// The folder to restore into has something in it.
    #[error("{0} is not empty")]
    NotEmpty(PathBuf),
    /// A server runs on the folder.
    #[error("a server runs on {0}")]
    ServerRuns(PathBuf),
    /// A restore into the folder has begun and not ended.
    #[error("{0} holds a restore that is under way or was cut short")]
    Unfinished(PathBuf),
}

impl BackupError {
    /// Its stable name, for scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "file",
            Self::Exists(_) => "exists",
            Self::NoServer(_) => "no-server",
            Self::Elsewhere(_) => "database-elsewhere",
            Self::Keys(_) => "keys",
            Self::TooLarge(_) => "too-large",
            Self::Store { .. } => "database",
            Self::NoSpace { .. } => "no-space",
            Self::Busy(_) => "busy",
            Self::BadDisk(_) => "bad-disk",
            Self::NotABackup(_) => "not-a-backup",
            Self::NewerForm { .. } => "newer-backup",
            Self::Damaged { .. } => "damaged-backup",
            Self::WrongKey(_) => "wrong-key",
            Self::NotEmpty(_) => "not-empty",
            Self::ServerRuns(_) => "server-runs",
            Self::Unfinished(_) => "unfinished",
        }
    }

    /// What to do; empty where the sentence says it.
    pub fn advice(&self) -> String {
        match self {
            Self::Io { .. } => "check the path, its permissions, and that the disk has space".into(),
            Self::Exists(_) => "no file is overwritten: name another one".into(),
            Self::NoServer(_) => "name the server's data folder with --data".into(),
            Self::Elsewhere(_) => {
                "back it up by PostgreSQL's own tools, and the folder keys/ beside it: docs/scaling.md".into()
            }
            Self::Keys(_) => "`huis serve --check` looks at everything".into(),
            Self::TooLarge(_) => "move what does not belong there away".into(),
            Self::Store { error: StoreError::NewerSchema { .. } | StoreError::Damaged(_), .. } => String::new(),
            Self::Store { .. } => "`huis serve --check` looks at everything".into(),
            Self::NoSpace { .. } => "free some, or name another place".into(),
            Self::Busy(_) => "wait for it to end".into(),
            Self::BadDisk(_) => "name a place on another disk".into(),
            Self::NotABackup(_) => "check the name".into(),
            Self::NewerForm { .. } => "install the newer version of huis".into(),
            Self::Damaged { .. } => "nothing was changed; take another copy, or an earlier backup".into(),
            Self::WrongKey(_) => {
                "give the passphrase, or the key that was shown when it was made, or that of its recipient".into()
            }
            Self::NotEmpty(_) => "name another folder with --data, or move away what is in it".into(),
            Self::ServerRuns(_) => "stop it, or name another folder with --data".into(),
            Self::Unfinished(folder) => {
                format!("if none is under way, delete what is in {} and restore again", folder.display())
            }
        }
    }

    fn io(path: &Path) -> impl Fn(io::Error) -> Self + '_ {
        move |error| Self::Io { path: path.into(), error }
    }

    fn store(path: &Path) -> impl Fn(StoreError) -> Self + '_ {
        move |error| Self::Store { path: path.into(), error }
    }

    fn format(path: &Path) -> impl Fn(FormatError) -> Self + '_ {
        move |error| match error {
            FormatError::Io(error) => Self::Io { path: path.into(), error },
            FormatError::NotABackup => Self::NotABackup(path.into()),
            FormatError::Newer(found) => Self::NewerForm { path: path.into(), found, known: format::FORM },
            FormatError::Damaged(what) => Self::Damaged { path: path.into(), what: what.into() },
            FormatError::WrongKey => Self::WrongKey(path.into()),
        }
    }
}

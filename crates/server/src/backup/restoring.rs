//! Bringing a backup back: everything is laid out and looked at in a folder within the data folder, gets another
//! incarnation there, and is put in its place at the end.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use huis_proto::IncarnationId;
use huis_store::sqlite::{Mode, NEWEST_SCHEMA, Options, SqliteStore, inspect, is_held};
use huis_store::{Settings as _, StoreError};

use super::belongings::{entries, lay_out};
use super::reading::Backup;
use super::sealing::Opening;
use super::{BackupError, Description};
use crate::keys::Keys;
use crate::serve::process::DATABASE;
use crate::space::free_bytes;

/// The folder within the data folder in which a restore is under way. No server starts where it is.
pub const UNFINISHED: &str = "restore-unfinished";
/// What has to be free beside the database's own bytes.
const BESIDE: u64 = 64 * 1024 * 1024;
/// What file systems put into an empty folder.
const LOST_AND_FOUND: &str = "lost+found";

/// What was brought back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// What the backup says of itself.
    pub description: Description,
    /// The life of the store that begins.
    pub incarnation: IncarnationId,
}

/// Brings a backup back into the folder `data`, which is made or has to be empty.
///
/// # Errors
/// [`BackupError`]; nothing is changed then.
pub async fn restore(
    backup: Backup,
    opening: &Opening,
    data: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Restored, BackupError> {
    is_free(data)?;
    let path = backup.path().to_owned();
    let opened = backup.opened(opening)?;
    let found = opened.description.schema;
    if found > NEWEST_SCHEMA {
        return Err(BackupError::store(&path)(StoreError::NewerSchema { found, newest: NEWEST_SCHEMA }));
    }
    let needed = opened.description.database_bytes.saturating_add(BESIDE);
    let free = free_bytes(data).map_err(BackupError::io(data))?;
    if free < needed {
        return Err(BackupError::NoSpace { folder: data.into(), free, needed });
    }

    let mut place = Place::begin(data)?;
    let database = place.staging.join(DATABASE);
    let wrong = BackupError::io(&database);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&database).map_err(&wrong)?;
    let (description, secrets) = opened.database(&mut file, &database, progress)?;
    file.sync_all().map_err(&wrong)?;
    drop(file);
    let damaged = |what: &str| BackupError::Damaged { path: path.clone(), what: what.into() };
    if !lay_out(&secrets.files, &place.staging)? {
        return Err(damaged("a file in it can't be read"));
    }
    match inspect(&database).map_err(BackupError::store(&database))? {
        Some(inspection) if inspection.incarnation == description.incarnation => {}
        _ => return Err(damaged("its database is not the one that it speaks of")),
    }
    let incarnation = begin_life(&place.staging, &database).await.map_err(BackupError::store(&database))?;
    place.settle()?;
    Ok(Restored { description, incarnation })
}

/// Whether something may be restored into the folder.
fn is_free(data: &Path) -> Result<(), BackupError> {
    let entries = match fs::read_dir(data) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(BackupError::io(data)(error)),
    };
    let mut has_others = false;
    for entry in entries {
        let name = entry.map_err(BackupError::io(data))?.file_name();
        if name == UNFINISHED {
            return Err(BackupError::Unfinished(data.into()));
        }
        has_others |= name != LOST_AND_FOUND;
    }
    let database = data.join(DATABASE);
    match has_others {
        false => Ok(()),
        true if is_held(&database).map_err(BackupError::store(&database))? => Err(BackupError::ServerRuns(data.into())),
        true => Err(BackupError::NotEmpty(data.into())),
    }
}

async fn begin_life(staging: &Path, database: &Path) -> Result<IncarnationId, StoreError> {
    let keys = Keys::open(staging).map_err(|error| StoreError::Other(error.to_string()))?;
    let store = SqliteStore::open(database, Options { franking: keys.franking(), mode: Mode::Inline })?;
    let incarnation = store.renew_incarnation().await?;
    store.close().await?;
    drop(store);
    Ok(incarnation)
}

/// The data folder while a restore is under way. Dropped before it is settled, it is as it was before.
struct Place {
    data: PathBuf,
    staging: PathBuf,
    was_there: bool,
    /// What has been put in its place already.
    placed: Vec<PathBuf>,
    is_settled: bool,
}

impl Place {
    fn begin(data: &Path) -> Result<Self, BackupError> {
        let was_there = data.exists();
        let mut private = DirBuilder::new();
        private.mode(0o700);
        private.recursive(true).create(data).map_err(BackupError::io(data))?;
        let staging = data.join(UNFINISHED);
        private.recursive(false).create(&staging).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => BackupError::Unfinished(data.into()),
            _ => BackupError::io(&staging)(error),
        })?;
        let place = Self { data: data.into(), staging, was_there, placed: Vec::new(), is_settled: false };
        // A server may have started since the folder was looked at.
        match fs::read_dir(data).map_err(BackupError::io(data))?.count() {
            1 => Ok(place),
            _ if data.join(LOST_AND_FOUND).exists() && !data.join(DATABASE).exists() => Ok(place),
            _ => Err(BackupError::NotEmpty(data.into())),
        }
    }

    /// Puts everything in its place, the database last: without it there is no server.
    fn settle(&mut self) -> Result<(), BackupError> {
        let lock = self.staging.join(format!("{DATABASE}.lock"));
        fs::remove_file(&lock).map_err(BackupError::io(&lock))?;
        let synced = |path: &Path| File::open(path).and_then(|file| file.sync_all()).map_err(BackupError::io(path));
        synced(&self.staging.join(DATABASE))?;
        for name in entries(&self.staging, DATABASE)? {
            let (from, to) = (self.staging.join(&name), self.data.join(&name));
            fs::rename(&from, &to).map_err(BackupError::io(&to))?;
            self.placed.push(to);
        }
        synced(&self.data)?;
        fs::remove_dir(&self.staging).map_err(BackupError::io(&self.staging))?;
        synced(&self.data)?;
        self.is_settled = true;
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.is_settled {
            return;
        }
        // What can't be removed is seen by the next restore, which says so.
        for placed in self.placed.iter().rev() {
            let _ = if placed.is_dir() { fs::remove_dir_all(placed) } else { fs::remove_file(placed) };
        }
        let _ = fs::remove_dir_all(&self.staging);
        if !self.was_there {
            let _ = fs::remove_dir(&self.data);
        }
    }
}

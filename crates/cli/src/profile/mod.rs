//! A profile: the folder that holds everything of one device.

mod key;
mod lock;

use std::fs::{DirBuilder, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

pub(crate) use lock::{Lock, Owner, Taken};

use huis_engine::DatabaseKey;

use crate::outcome::{Outcome, Stop};

/// Where one device keeps its database, the database's key and what belongs to both.
#[derive(Debug, Clone)]
pub(crate) struct Profile {
    folder: PathBuf,
}

impl Profile {
    /// The folder that was asked for, or `huis/default` among the user's data (XDG Base Directory Specification).
    pub(crate) fn in_folder(asked: Option<PathBuf>) -> Outcome<Self> {
        let folder = match asked.filter(|path| !path.as_os_str().is_empty()) {
            Some(folder) => folder,
            None => default_folder(|name| std::env::var_os(name).map(PathBuf::from))
                .ok_or_else(|| Stop::Usage("neither HOME nor XDG_DATA_HOME is set; give --profile".into()))?,
        };
        let folder = std::path::absolute(&folder).map_err(|error| Stop::file(folder.display(), &error))?;
        Ok(Self { folder })
    }

    /// The folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The encrypted database.
    pub(crate) fn database(&self) -> PathBuf {
        self.folder.join("huis.db")
    }

    /// The fingerprint of the server's certificate, pinned at first use.
    pub(crate) fn pin(&self) -> PathBuf {
        self.folder.join("server.pin")
    }

    /// Held by whoever prints messages.
    pub(crate) fn printing_lock(&self) -> PathBuf {
        self.folder.join("printing.lock")
    }

    /// The socket of the process that owns the profile, where its path is short enough.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.join("socket")
    }

    fn lock_file(&self) -> PathBuf {
        self.folder.join("lock")
    }

    fn key_file(&self) -> PathBuf {
        self.folder.join("key")
    }

    /// Whether a device lives here.
    pub(crate) fn is_in_use(&self) -> bool {
        self.database().exists()
    }

    /// Makes the folder, readable by its owner alone.
    pub(crate) fn create(&self) -> Outcome {
        let failed = |error: std::io::Error| Stop::file(self.folder.display(), &error);
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder).map_err(failed)?;
        std::fs::set_permissions(&self.folder, Permissions::from_mode(0o700)).map_err(failed)
    }

    /// Tries to become the process that owns this profile.
    pub(crate) fn lock(&self) -> Outcome<Taken> {
        lock::take(&self.lock_file())
    }

    /// The key of the database.
    pub(crate) fn database_key(&self) -> Outcome<DatabaseKey> {
        key::read(&self.key_file())
    }

    /// A fresh key for a database that does not exist yet.
    pub(crate) fn make_database_key(&self) -> Outcome<DatabaseKey> {
        key::make(&self.key_file())
    }

    /// What a person should know about the key's place.
    pub(crate) fn key_warning(&self) -> String {
        format!(
            "the key of this profile's database lies beside it, in {}; whoever can read that file as you or as root, or \
             in a backup, can read your messages here",
            self.key_file().display()
        )
    }

    /// Deletes the device's files, the key first: without it the rest is noise. Whoever calls this holds the lock.
    pub(crate) fn clear(&self) -> Outcome {
        let database = self.database();
        let beside = |suffix: &str| {
            let mut path = database.clone().into_os_string();
            path.push(suffix);
            PathBuf::from(path)
        };
        let files = [
            self.key_file(),
            database.clone(),
            beside("-wal"),
            beside("-shm"),
            beside("-journal"),
            self.pin(),
            self.printing_lock(),
        ];
        for file in files {
            remove(&file)?;
        }
        Ok(())
    }

    /// Removes what is left after [`clear`](Self::clear): the lock and, if nothing else is in it, the folder.
    pub(crate) fn remove(&self, lock: Lock) -> Outcome {
        remove(&self.lock_file())?;
        drop(lock);
        // A folder with something else in it stays.
        let _ = std::fs::remove_dir(&self.folder);
        Ok(())
    }
}

fn remove(file: &Path) -> Outcome {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Stop::file(file.display(), &error)),
        _ => Ok(()),
    }
}

fn default_folder(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    // The specification: a relative path is invalid and ignored.
    let base = variable("XDG_DATA_HOME").filter(|path| path.is_absolute());
    let base =
        base.or_else(|| variable("HOME").filter(|path| path.is_absolute()).map(|home| home.join(".local/share")))?;
    Some(base.join("huis/default"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_folder_follows_xdg() {
        let with = |xdg: Option<&str>, home: Option<&str>| {
            default_folder(|name| match name {
                "XDG_DATA_HOME" => xdg.map(PathBuf::from),
                _ => home.map(PathBuf::from),
            })
        };
        assert_eq!(with(Some("/x"), Some("/h")), Some("/x/huis/default".into()));
        assert_eq!(with(None, Some("/h")), Some("/h/.local/share/huis/default".into()));
        assert_eq!(with(Some("relative"), Some("/h")), Some("/h/.local/share/huis/default".into()));
        assert_eq!(with(None, None), None);
    }

    #[test]
    fn a_profiles_folder_and_key_are_their_owners_alone() {
        let base = tempfile::tempdir().unwrap();
        let profile = Profile::in_folder(Some(base.path().join("a/b"))).unwrap();
        profile.create().unwrap();
        let key = profile.make_database_key().unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(profile.folder()), 0o700);
        assert_eq!(mode(&profile.key_file()), 0o600);
        assert_eq!(profile.database_key().unwrap().expose(), key.expose());
    }

    #[test]
    fn a_cleared_profile_leaves_nothing_of_the_device() {
        let base = tempfile::tempdir().unwrap();
        let profile = Profile::in_folder(Some(base.path().join("p"))).unwrap();
        profile.create().unwrap();
        profile.make_database_key().unwrap();
        for file in ["huis.db", "huis.db-wal", "huis.db-shm", "server.pin", "printing.lock"] {
            std::fs::write(profile.folder().join(file), "x").unwrap();
        }
        let Taken::Owned(lock) = profile.lock().unwrap() else { panic!("locked") };
        profile.clear().unwrap();
        profile.remove(lock).unwrap();
        assert!(!profile.folder().exists());
    }
}

//! A profile: the folder that holds everything of one device.

mod key;
mod lock;
mod mark;

use std::fs::{DirBuilder, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

pub(crate) use lock::{Lock, Owner, Taken};
pub(crate) use mark::LockMark;

use huis_engine::DatabaseKey;
use huis_proto::rest::Secret;

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

    /// There is one while the profile is locked.
    fn locked_key_file(&self) -> PathBuf {
        self.folder.join("key.locked")
    }

    /// Held by whoever moves the key between the two files.
    fn key_lock(&self) -> PathBuf {
        self.folder.join("key.lock")
    }

    /// Names the newest lock.
    fn lock_mark_file(&self) -> PathBuf {
        self.folder.join("lock.mark")
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

    /// Whether the key lies under the password.
    pub(crate) fn is_locked(&self) -> bool {
        self.locked_key_file().exists()
    }

    /// The key of the database of a locked profile.
    pub(crate) fn locked_key(&self, password: &Secret) -> Outcome<DatabaseKey> {
        key::unlock(&self.locked_key_file(), password)
    }

    /// The newest lock of the profile.
    pub(crate) fn lock_mark(&self) -> Outcome<LockMark> {
        mark::read(&self.lock_mark_file())
    }

    /// From here on no process opens the profile by a key that it was given before. Whoever calls this holds the profile.
    pub(crate) fn mark_lock(&self) -> Outcome {
        mark::renew(&self.lock_mark_file())
    }

    /// Locks the profile. Whoever calls this holds it, so that no engine runs.
    pub(crate) fn lock_key(&self, _held: &Lock, password: &Secret) -> Outcome {
        let _moving = self.moves_the_key()?;
        self.mark_lock()?;
        if !self.is_locked() {
            key::lock(&self.locked_key_file(), &self.database_key()?, password)?;
        }
        key::destroy(&self.key_file())
    }

    /// Puts the key of a locked profile under another password. A profile that is not locked stays as it is.
    pub(crate) fn lock_key_anew(&self, key: &DatabaseKey, password: &Secret) -> Outcome {
        let _moving = self.moves_the_key()?;
        if self.is_locked() { key::lock(&self.locked_key_file(), key, password) } else { Ok(()) }
    }

    /// Puts the key back into its plain file.
    pub(crate) fn unlock_key(&self, password: &Secret) -> Outcome {
        let _moving = self.moves_the_key()?;
        let key = self.locked_key(password)?;
        key::restore(&self.key_file(), &self.locked_key_file(), &key)
    }

    /// Destroys the plain key that a crash in the middle of locking or unlocking left beside the locked one.
    pub(crate) fn finish_locking(&self) -> Outcome {
        match lock::take(&self.key_lock())? {
            Taken::Owned(_moving) if self.is_locked() => key::destroy(&self.key_file()),
            // Whoever is at it at this moment finishes it.
            _ => Ok(()),
        }
    }

    fn moves_the_key(&self) -> Outcome<Lock> {
        match lock::take(&self.key_lock())? {
            Taken::Owned(lock) => Ok(lock),
            _ => {
                let why = format!("another huis locks or unlocks {} at this moment", self.folder.display());
                Err(Stop::failed("busy", why, "try again"))
            }
        }
    }

    /// What a person should know about the key's place.
    pub(crate) fn key_warning(&self) -> String {
        format!(
            "the key of this profile's database lies beside it, in {}; whoever can read that file as you or as root, or \
             in a backup, can read your messages here; `huis lock` puts it under your password",
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
        key::destroy(&self.key_file())?;
        let files = [
            self.locked_key_file(),
            key::draft(&self.locked_key_file()),
            self.key_lock(),
            self.lock_mark_file(),
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
        for file in [
            "huis.db",
            "huis.db-wal",
            "huis.db-shm",
            "server.pin",
            "printing.lock",
            "key.locked",
            "key.draft",
            "key.lock",
            "lock.mark",
        ] {
            std::fs::write(profile.folder().join(file), "x").unwrap();
        }
        let Taken::Owned(lock) = profile.lock().unwrap() else { panic!("locked") };
        profile.clear().unwrap();
        profile.remove(lock).unwrap();
        assert!(!profile.folder().exists());
    }

    #[test]
    fn a_crash_in_the_middle_of_locking_or_unlocking_leaves_a_locked_profile() {
        let base = tempfile::tempdir().unwrap();
        let profile = Profile::in_folder(Some(base.path().join("p"))).unwrap();
        profile.create().unwrap();
        let key = profile.make_database_key().unwrap();
        let plain = std::fs::read(profile.key_file()).unwrap();
        let Taken::Owned(held) = profile.lock().unwrap() else { panic!("locked") };
        profile.lock_key(&held, &Secret::new("right")).unwrap();
        assert!(profile.is_locked() && !profile.key_file().exists());
        for left in [&plain[..], &plain[..30], b""] {
            std::fs::write(profile.key_file(), left).unwrap();
            assert!(profile.is_locked());
            profile.finish_locking().unwrap();
            assert!(!profile.key_file().exists());
            assert_eq!(profile.locked_key(&Secret::new("right")).unwrap().expose(), key.expose());
        }
        profile.lock_key_anew(&key, &Secret::new("newer")).unwrap();
        assert!(profile.unlock_key(&Secret::new("right")).is_err());
        std::fs::write(profile.key_file(), &plain[..30]).unwrap();
        profile.unlock_key(&Secret::new("newer")).unwrap();
        assert!(!profile.is_locked());
        profile.finish_locking().unwrap();
        profile.lock_key_anew(&key, &Secret::new("newer")).unwrap();
        assert!(!profile.is_locked());
        assert_eq!(profile.database_key().unwrap().expose(), key.expose());
    }
}

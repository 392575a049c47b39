//! The lock that makes one process the owner of a profile. The operating system releases it when the process ends,
//! however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::outcome::{Outcome, Stop};

/// The lock, held.
#[derive(Debug)]
pub(crate) struct Lock(File);

/// What a try for the lock gave.
#[derive(Debug)]
pub(crate) enum Taken {
    /// This process owns the profile.
    Owned(Lock),
    /// Another process does; here is what it says of itself, once it has said it.
    ByAnother(Option<Owner>),
    /// There is no such folder.
    NoFolder,
}

/// What the owner says of itself in the lock file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Owner {
    /// Its process id.
    pub(crate) pid: u32,
    /// Where it listens.
    pub(crate) socket: PathBuf,
}

/// More is no description of an owner.
const LONGEST: u64 = 8 * 1024;

pub(super) fn take(path: &Path) -> Outcome<Taken> {
    loop {
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
        let mut file = match opened {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Taken::NoFolder),
            Err(error) => return Err(Stop::file(path.display(), &error)),
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // The owner may be writing it at this moment.
                let read = Read::by_ref(&mut file).take(LONGEST).read_to_string(&mut text);
                return Ok(Taken::ByAnother(read.ok().and_then(|_| serde_json::from_str(&text).ok())));
            }
            Err(TryLockError::Error(error)) => return Err(Stop::file(path.display(), &error)),
        }
        // A log-out may have removed the file between the opening and the lock: that lock would guard nothing.
        let same = match (file.metadata(), std::fs::metadata(path)) {
            (Ok(held), Ok(named)) => (held.dev(), held.ino()) == (named.dev(), named.ino()),
            _ => false,
        };
        if same {
            // What an earlier owner said is no longer true.
            file.set_len(0).map_err(|error| Stop::file(path.display(), &error))?;
            return Ok(Taken::Owned(Lock(file)));
        }
    }
}

impl Lock {
    /// Tells others where to reach this process.
    pub(crate) fn announce(&mut self, owner: &Owner) -> std::io::Result<()> {
        let text = serde_json::to_vec(owner)?;
        self.0.rewind()?;
        self.0.set_len(0)?;
        self.0.write_all(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_owns_and_the_others_learn_where_it_listens() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let Taken::Owned(mut lock) = take(&path).unwrap() else { panic!("nobody holds it") };
        assert!(matches!(take(&path).unwrap(), Taken::ByAnother(None)));
        let owner = Owner { pid: 7, socket: "/somewhere".into() };
        lock.announce(&owner).unwrap();
        assert!(matches!(take(&path).unwrap(), Taken::ByAnother(Some(found)) if found == owner));
        drop(lock);
        assert!(matches!(take(&path).unwrap(), Taken::Owned(_)));
    }

    #[test]
    fn a_lock_whose_file_is_gone_is_taken_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let Taken::Owned(_gone) = take(&path).unwrap() else { panic!("nobody holds it") };
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(take(&path).unwrap(), Taken::Owned(_)));
    }

    #[test]
    fn without_a_folder_there_is_nothing_to_own() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(take(&folder.path().join("none/lock")).unwrap(), Taken::NoFolder));
    }
}

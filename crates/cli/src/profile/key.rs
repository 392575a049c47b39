//! The key of the encrypted database: in a file that its owner alone may read, or, while the profile is locked, in
//! another one that opens with the password alone. Where there is the second, the first counts for nothing: so a crash
//! between the two leaves a profile that is locked.
//!
//! The kernel's key ring would hide it from backups, but it is empty after a restart of the machine, and the database
//! would be lost with it.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use huis_engine::{DatabaseKey, LockedKeyError};
use huis_proto::rest::Secret;
use rand::rngs::OsRng;
use zeroize::Zeroizing;

use crate::outcome::{Outcome, Stop};

/// Names the form of the file, so that another form can follow.
const HEADER: &str = "huis-key-1 ";
const LENGTH: usize = HEADER.len() + 64 + 1;

/// Makes a key that is not there yet.
pub(super) fn make(path: &Path) -> Outcome<DatabaseKey> {
    let key = DatabaseKey::random(&mut OsRng);
    put(path, &key, OpenOptions::new().create_new(true))?;
    Ok(key)
}

fn put(path: &Path, key: &DatabaseKey, how: &mut OpenOptions) -> Outcome {
    // With room for all of it from the start: growing would leave copies behind.
    let mut text = Zeroizing::new(String::with_capacity(LENGTH));
    text.push_str(HEADER);
    for byte in key.expose() {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or_default());
        }
    }
    text.push('\n');
    write(path, text.as_bytes(), how).map_err(|error| Stop::file(path.display(), &error))
}

pub(super) fn write(path: &Path, bytes: &[u8], how: &mut OpenOptions) -> std::io::Result<()> {
    let mut file = how.write(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    // The database may be on disk before the next line; its key must be before that.
    file.sync_all()?;
    sync_folder(path)
}

fn sync_folder(path: &Path) -> std::io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Puts `key` under the password into `locked`, whole or not at all, and sees that it comes back from there. Whoever
/// calls this destroys the plain key afterwards.
pub(super) fn lock(locked: &Path, key: &DatabaseKey, password: &Secret) -> Outcome {
    let failed = |error: std::io::Error| Stop::file(locked.display(), &error);
    let sealed = key.lock(&mut OsRng, password).map_err(|error| refused(locked, &error))?;
    let draft = draft(locked);
    write(&draft, &sealed, OpenOptions::new().create(true).truncate(true)).map_err(failed)?;
    let back = unlock(&draft, password)?;
    if back.expose() != key.expose() {
        return Err(damaged(&draft, "does not give the key back"));
    }
    std::fs::rename(&draft, locked).and_then(|()| sync_folder(locked)).map_err(failed)
}

/// What becomes the locked key, and is left by a crash before that. It opens with the password alone.
pub(super) fn draft(locked: &Path) -> PathBuf {
    locked.with_extension("draft")
}

/// The key that lies in `locked` under the password.
pub(super) fn unlock(locked: &Path, password: &Secret) -> Outcome<DatabaseKey> {
    let mut sealed = Vec::with_capacity(DatabaseKey::LARGEST_LOCKED + 1);
    let file = File::open(locked).map_err(|error| Stop::file(locked.display(), &error))?;
    let most = DatabaseKey::LARGEST_LOCKED as u64 + 1;
    file.take(most).read_to_end(&mut sealed).map_err(|error| Stop::file(locked.display(), &error))?;
    DatabaseKey::unlock(&sealed, password).map_err(|error| refused(locked, &error))
}

/// Puts the key back into its plain file, and only then removes the locked one.
pub(super) fn restore(path: &Path, locked: &Path, key: &DatabaseKey) -> Outcome {
    put(path, key, OpenOptions::new().create(true).truncate(true))?;
    let removed = std::fs::remove_file(locked).and_then(|()| sync_folder(locked));
    removed.map_err(|error| Stop::file(locked.display(), &error))
}

/// Overwrites and removes the plain key. A file system that writes elsewhere than before, or a disk that does, may keep
/// the old bytes all the same: the threat model says so.
pub(super) fn destroy(path: &Path) -> Outcome {
    let failed = |error: std::io::Error| Stop::file(path.display(), &error);
    let mut file = match OpenOptions::new().write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    file.write_all(&[b'0'; LENGTH]).and_then(|()| file.sync_all()).map_err(failed)?;
    std::fs::remove_file(path).and_then(|()| sync_folder(path)).map_err(failed)
}

fn refused(locked: &Path, error: &LockedKeyError) -> Stop {
    match error {
        LockedKeyError::WrongPassword => Stop::failed(
            "wrong-password",
            "the password does not open this profile",
            "it is the one that was the account's when the profile was locked; letter case counts",
        ),
        LockedKeyError::Unreadable(reason) => damaged(locked, &format!("can't be used ({reason})")),
    }
}

pub(super) fn read(path: &Path) -> Outcome<DatabaseKey> {
    let mut text = Zeroizing::new(String::with_capacity(LENGTH + 1));
    let file = File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => damaged(path, "is missing"),
        _ => Stop::file(path.display(), &error),
    })?;
    file.take(LENGTH as u64 + 1).read_to_string(&mut text).map_err(|error| Stop::file(path.display(), &error))?;
    let digits = text.trim_end().strip_prefix(HEADER).ok_or_else(|| damaged(path, "is none of this version"))?;
    let mut key = Zeroizing::new([0_u8; 32]);
    let digits = digits.as_bytes();
    if digits.len() != 64 {
        return Err(damaged(path, "is damaged"));
    }
    for (byte, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
        let value = |digit: &u8| char::from(*digit).to_digit(16);
        *byte = pair
            .iter()
            .try_fold(0, |sum, digit| value(digit).map(|digit| sum << 4 | digit as u8))
            .ok_or_else(|| damaged(path, "is damaged"))?;
    }
    Ok(DatabaseKey::from_bytes(*key))
}

fn damaged(path: &Path, how: &str) -> Stop {
    Stop::failed(
        "key",
        format!("the key of this profile's database, {}, {how}", path.display()),
        "without it the database can't be opened: log in again with another --profile",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_never_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let key = make(&path).unwrap();
        assert!(make(&path).is_err());
        assert_eq!(read(&path).unwrap().expose(), key.expose());
    }

    #[test]
    fn a_damaged_key_is_refused_without_showing_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let right = format!("{HEADER}{}", "ab".repeat(32));
        std::fs::write(&path, &right).unwrap();
        assert_eq!(read(&path).unwrap().expose(), &[0xab; 32]);
        for wrong in ["", "huis-key-2 ab", &right[..20], &format!("{right}ab"), &right.replace('b', "x")] {
            std::fs::write(&path, wrong).unwrap();
            let line = read(&path).unwrap_err().line("send").unwrap();
            assert!(line.ends_with("[key]") && !line.contains("abab"), "{line}");
        }
    }

    #[test]
    fn a_key_is_locked_and_comes_back_by_its_password_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (path, locked) = (folder.path().join("key"), folder.path().join("key.locked"));
        let key = make(&path).unwrap();
        lock(&locked, &key, &Secret::new("right")).unwrap();
        destroy(&path).unwrap();
        destroy(&path).unwrap();
        assert!(!path.exists() && !folder.path().join("key.draft").exists());
        let line = unlock(&locked, &Secret::new("wrong")).unwrap_err().line("unlock").unwrap();
        assert!(line.ends_with("[wrong-password]"), "{line}");
        let back = unlock(&locked, &Secret::new("right")).unwrap();
        restore(&path, &locked, &back).unwrap();
        assert!(!locked.exists());
        assert_eq!(read(&path).unwrap().expose(), key.expose());
        std::fs::write(&locked, b"garbage").unwrap();
        let line = unlock(&locked, &Secret::new("right")).unwrap_err().line("unlock").unwrap();
        assert!(line.ends_with("[key]"), "{line}");
    }

    #[test]
    fn a_destroyed_key_is_overwritten_before_it_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("key"), folder.path().join("still there"));
        make(&path).unwrap();
        // A second name for the same bytes on the disk.
        std::fs::hard_link(&path, &other).unwrap();
        destroy(&path).unwrap();
        assert_eq!(std::fs::read(&other).unwrap(), [b'0'; LENGTH]);
    }
}

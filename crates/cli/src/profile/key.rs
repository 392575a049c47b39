//! The key of the encrypted database, in a file that its owner alone may read.
//!
//! The kernel's key ring would hide it from backups, but it is empty after a restart of the machine, and the database
//! would be lost with it.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use huis_engine::DatabaseKey;
use rand::rngs::OsRng;
use zeroize::Zeroizing;

use crate::outcome::{Outcome, Stop};

/// Names the form of the file, so that another form can follow.
const HEADER: &str = "huis-key-1 ";
const LENGTH: usize = HEADER.len() + 64 + 1;

pub(super) fn make(path: &Path) -> Outcome<DatabaseKey> {
    let key = DatabaseKey::random(&mut OsRng);
    // With room for all of it from the start: growing would leave copies behind.
    let mut text = Zeroizing::new(String::with_capacity(LENGTH));
    text.push_str(HEADER);
    for byte in key.expose() {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or_default());
        }
    }
    text.push('\n');
    write(path, text.as_bytes()).map_err(|error| Stop::file(path.display(), &error))?;
    Ok(key)
}

fn write(path: &Path, text: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text)?;
    // The database may be on disk before the next line; its key must be before that.
    file.sync_all()?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
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
}

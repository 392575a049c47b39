//! Which lock of a profile is the newest. A process that was given the password before that opens the profile no more,
//! whatever it has heard of the lock.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::path::Path;

use rand::RngCore;
use rand::rngs::OsRng;

use super::key;
use crate::outcome::{Outcome, Stop};

const LENGTH: usize = 16;

/// Names a lock of a profile; empty before the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LockMark(Vec<u8>);

pub(super) fn read(path: &Path) -> Outcome<LockMark> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LENGTH as u64).read_to_end(&mut bytes));
    match read {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Stop::file(path.display(), &error)),
        _ => Ok(LockMark(bytes)),
    }
}

/// A mark that was never there before.
pub(super) fn renew(path: &Path) -> Outcome {
    let mut bytes = [0_u8; LENGTH];
    OsRng.fill_bytes(&mut bytes);
    let written = key::write(path, &bytes, OpenOptions::new().create(true).truncate(true));
    written.map_err(|error| Stop::file(path.display(), &error))
}

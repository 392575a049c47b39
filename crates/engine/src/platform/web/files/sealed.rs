//! One file as it lies there.

use huis_core::files::{BLOCK, BLOCK_OVERHEAD, KeptError, KeptFile, KeptHead};
use rand::rngs::OsRng;
use web_sys::{FileSystemReadWriteOptions, FileSystemSyncAccessHandle};

use super::fault;
use crate::ports::FileFault;

const HEAD: u64 = size_of::<KeptHead>() as u64;
const SEALED_BLOCK: usize = BLOCK + BLOCK_OVERHEAD;

/// An open file. It closes when it is dropped.
pub(super) struct Sealed {
    access: FileSystemSyncAccessHandle,
    cipher: KeptFile,
}

impl Drop for Sealed {
    fn drop(&mut self) {
        self.access.close();
    }
}

impl Sealed {
    /// What is open here; one without a beginning gets one, where it `may_be_fresh`.
    pub(super) fn of(
        access: FileSystemSyncAccessHandle,
        database_key: &[u8; 32],
        may_be_fresh: bool,
    ) -> Result<Self, FileFault> {
        let mut head: KeptHead = [0; HEAD as usize];
        let found = read_at(&access, 0, &mut head).and_then(|there| {
            if there == head.len() {
                return KeptFile::with_head(database_key, &head).map_err(unreadable);
            }
            if !may_be_fresh {
                return Err(FileFault::NotFound);
            }
            let (cipher, head) = KeptFile::fresh(&mut OsRng, database_key);
            access.truncate_with_u32(0).map_err(fault)?;
            write_at(&access, 0, &head)?;
            Ok(cipher)
        });
        match found {
            Ok(cipher) => Ok(Self { access, cipher }),
            Err(why) => {
                access.close();
                Err(why)
            }
        }
    }

    /// How many bytes of its own it has.
    pub(super) fn size(&self) -> Result<u64, FileFault> {
        let sealed = (self.access.get_size().map_err(fault)? as u64).saturating_sub(HEAD);
        let (blocks, rest) = (sealed / SEALED_BLOCK as u64, sealed % SEALED_BLOCK as u64);
        Ok(blocks * BLOCK as u64 + rest.saturating_sub(BLOCK_OVERHEAD as u64))
    }

    pub(super) fn read(&self, at: u64, length: usize) -> Result<Vec<u8>, FileFault> {
        let end = self.size()?.min(at.saturating_add(length as u64));
        if at >= end {
            return Ok(Vec::new());
        }
        let (first, behind) = (at / BLOCK as u64, end.div_ceil(BLOCK as u64));
        let mut sealed = vec![0; (behind - first) as usize * SEALED_BLOCK];
        let there = read_at(&self.access, place(first), &mut sealed)?;
        sealed.truncate(there);
        let mut own = Vec::with_capacity((behind - first) as usize * BLOCK);
        for (number, block) in (first..behind).zip(sealed.chunks(SEALED_BLOCK)) {
            own.extend_from_slice(&self.cipher.open(number, block).map_err(unreadable)?);
        }
        own.truncate((end - first * BLOCK as u64) as usize);
        own.drain(..(at - first * BLOCK as u64) as usize);
        Ok(own)
    }

    /// Writes whole blocks; fewer bytes than a block at the file's end alone.
    pub(super) fn write(&self, at: u64, bytes: &[u8]) -> Result<(), FileFault> {
        let ends_it = at + bytes.len() as u64 >= self.size()?;
        if !at.is_multiple_of(BLOCK as u64) || !(bytes.len().is_multiple_of(BLOCK) || ends_it) {
            return Err(FileFault::Other("it is written in whole blocks".into()));
        }
        let first = at / BLOCK as u64;
        let mut sealed = Vec::with_capacity(bytes.len().div_ceil(BLOCK) * SEALED_BLOCK);
        for (number, block) in (first..).zip(bytes.chunks(BLOCK)) {
            sealed.extend_from_slice(&self.cipher.seal(&mut OsRng, number, block));
        }
        write_at(&self.access, place(first), &sealed)
    }

    pub(super) fn cut(&self, length: u64) -> Result<(), FileFault> {
        if length == self.size()? {
            return Ok(());
        }
        let whole = length / BLOCK as u64;
        let rest = self.read(whole * BLOCK as u64, (length % BLOCK as u64) as usize)?;
        self.access.truncate_with_f64(place(whole) as f64).map_err(fault)?;
        if rest.is_empty() { Ok(()) } else { self.write(whole * BLOCK as u64, &rest) }
    }

    pub(super) fn flush(&self) -> Result<(), FileFault> {
        self.access.flush().map_err(fault)
    }
}

/// Where a block begins.
fn place(number: u64) -> u64 {
    HEAD + number * SEALED_BLOCK as u64
}

fn options(at: u64) -> FileSystemReadWriteOptions {
    let options = FileSystemReadWriteOptions::new();
    options.set_at_f64(at as f64);
    options
}

fn read_at(access: &FileSystemSyncAccessHandle, at: u64, into: &mut [u8]) -> Result<usize, FileFault> {
    let there = access.read_with_u8_array_and_options(into, &options(at)).map_err(fault)?;
    Ok(there as usize)
}

fn write_at(access: &FileSystemSyncAccessHandle, at: u64, bytes: &[u8]) -> Result<(), FileFault> {
    let written = access.write_with_u8_array_and_options(bytes, &options(at)).map_err(fault)?;
    if written as usize == bytes.len() { Ok(()) } else { Err(FileFault::NoSpace) }
}

fn unreadable(error: KeptError) -> FileFault {
    FileFault::Other(error.to_string())
}

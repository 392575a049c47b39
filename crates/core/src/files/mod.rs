//! Files, sealed on the device: what travels, what is stored and what anybody may see of a file without its key.
//!
//! A file is cut into chunks, and each is sealed by STREAM (Hoang, Reyhanitabar, Rogaway, Vizár 2015) over AES-256-GCM:
//! a chunk says by its nonce which one it is, and whether it is the last, so none can be left out, repeated, moved or put
//! behind the end. Each can be opened by itself. The key is one file's alone; it travels in the message with a hash over the
//! whole, so that all who get the message get the same bytes, also from an author who hands out two files under one key.
//!
//! **A key never seals two different texts.** Whoever seals again what was sealed before, after a break, first makes sure
//! that it is the same ([`FileSealer::digest`]).

mod chunks;
mod gcm;
mod kept;
mod metadata;
mod names;
mod shape;

use huis_proto::Bytes32;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::secret::{Secret32, secret_key};

pub use self::chunks::{FileOpener, FileSealer};
pub use self::gcm::{GCM_NONCE, Gcm, MakeGcm, portable_gcm};
pub use self::kept::{BLOCK, BLOCK_OVERHEAD, KeptError, KeptFile, KeptHead};
pub use self::metadata::{DamagedPicture, Kept, is_stripped_kind, without_metadata};
pub use self::names::{NAME, safe_name};
pub use self::shape::{CHUNK, LARGEST, LEAST_PADDED, SEALED_CHUNK, Shape, TAG};

secret_key!(
    /// The key of one file. Whoever has it and the server's bytes has the file.
    FileKey
);

impl Clone for FileKey {
    fn clone(&self) -> Self {
        Self(Secret32::from_bytes(self.expose()))
    }
}

/// As 32 bytes: **for what is sealed itself**, as the content of a message and the device's database are.
impl Serialize for FileKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.to_wire().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for FileKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from_bytes(&Bytes32::deserialize(deserializer)?.0))
    }
}

/// Why a file, or a chunk of it, is not sealed or opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// Larger than any file that can be sealed.
    #[error("the file has {size} bytes; at most {LARGEST} can be sealed")]
    TooLarge {
        /// Its size.
        size: u64,
    },
    /// There is no chunk of this number.
    #[error("there is no chunk {number}: the file has {chunks}")]
    NoSuchChunk {
        /// The number, counted from 0.
        number: u32,
        /// How many there are.
        chunks: u32,
    },
    /// A chunk of another length than its place in the file has.
    #[error("chunk {number} has {found} bytes instead of {expected}: the file was cut, extended, or changed meanwhile")]
    Length {
        /// The number, counted from 0.
        number: u32,
        /// Its length.
        expected: usize,
        /// The length that was found.
        found: usize,
    },
    /// A chunk was changed, stands in another place than it was sealed for, or is another file's.
    #[error("chunk {number} is not what the sender sealed")]
    Refused {
        /// The number, counted from 0.
        number: u32,
    },
    /// What fills a file up to its padded size is not zeros.
    #[error("the file's padding is wrong")]
    Padding,
    /// All chunks are the sender's, but together they are another file than the one in the message.
    #[error("the file is not the one that the message names")]
    OtherFile,
}

/// The hash over a whole file: SHA-256 of its own bytes, without the padding.
#[derive(Debug, Clone, Default)]
pub struct FileHasher(Sha256);

impl FileHasher {
    /// Takes the next bytes in.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of what was taken in so far.
    pub fn so_far(&self) -> Bytes32 {
        Bytes32(self.0.clone().finalize().into())
    }
}

#[cfg(test)]
mod tests;

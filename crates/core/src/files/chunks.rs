//! Chunks, sealed and opened.

use aes_gcm::aead::stream::{NewStream, StreamBE32, StreamPrimitive};
use aes_gcm::aead::{self, Buffer};
use huis_proto::Bytes32;

use super::gcm::{Computed, MakeGcm, portable_gcm};
use super::{FileError, FileHasher, FileKey, Shape, TAG};
use crate::sealing;

const LABEL: &str = "huis file v1";
/// The part of the nonce that is the same for all chunks. A key is one file's alone, so nothing has to tell files apart.
const NONCE: [u8; 7] = [0; 7];

/// STREAM with the key of one file.
struct Cipher {
    stream: StreamBE32<Computed>,
    shape: Shape,
}

impl Cipher {
    fn new(key: &FileKey, shape: Shape, gcm: MakeGcm) -> Self {
        let key = sealing::derive(key.expose(), LABEL);
        Self { stream: StreamBE32::from_aead(Computed(gcm(&key)), (&NONCE).into()), shape }
    }

    fn padded_length(&self, number: u32) -> Result<usize, FileError> {
        let chunks = self.shape.chunks();
        self.shape.padded_length(number).ok_or(FileError::NoSuchChunk { number, chunks })
    }

    /// How many of a chunk's bytes are the file's own.
    fn own_length(&self, number: u32) -> usize {
        let own = self.shape.own_range(number);
        (own.end - own.start) as usize
    }
}

/// Seals a file from its beginning to its end.
pub struct FileSealer {
    cipher: Cipher,
    hasher: FileHasher,
    next: u32,
}

impl FileSealer {
    /// Begins a file of this shape.
    pub fn new(key: &FileKey, shape: Shape) -> Self {
        Self::by(portable_gcm, key, shape)
    }

    /// Begins a file of this shape, which this seals.
    pub fn by(gcm: MakeGcm, key: &FileKey, shape: Shape) -> Self {
        Self { cipher: Cipher::new(key, shape, gcm), hasher: FileHasher::default(), next: 0 }
    }

    /// The number of the chunk that comes next.
    pub fn next(&self) -> u32 {
        self.next
    }

    /// Seals the next chunk, of which `own` are the file's own bytes, behind what is in `sealed`.
    ///
    /// # Errors
    /// [`FileError::NoSuchChunk`] behind the end; [`FileError::Length`] where the file has another length than it had.
    #[expect(clippy::expect_used, reason = "a chunk is far below AES-GCM's 64 GiB")]
    pub fn seal_next(&mut self, own: &[u8], sealed: &mut Vec<u8>) -> Result<(), FileError> {
        let (number, length) = self.check_next(own)?;
        let from = sealed.len();
        sealed.reserve(length + TAG);
        sealed.extend_from_slice(own);
        sealed.resize(from + length, 0);
        let last = self.cipher.shape.is_last(number);
        let mut tail = Tail { whole: sealed, from };
        self.cipher.stream.encrypt_in_place(number, last, b"", &mut tail).expect("a chunk is short");
        self.passed(own);
        Ok(())
    }

    /// Passes over the next chunk, which was sealed before.
    ///
    /// # Errors
    /// As [`seal_next`](Self::seal_next).
    pub fn skip_next(&mut self, own: &[u8]) -> Result<(), FileError> {
        self.check_next(own)?;
        self.passed(own);
        Ok(())
    }

    /// The hash of the chunks so far: behind the last one, the file's. Kept before they leave the device, it tells later
    /// whether the same bytes are sealed with the same key again, and may leave it.
    pub fn digest(&self) -> Bytes32 {
        self.hasher.so_far()
    }

    fn check_next(&self, own: &[u8]) -> Result<(u32, usize), FileError> {
        let number = self.next;
        let length = self.cipher.padded_length(number)?;
        let expected = self.cipher.own_length(number);
        match own.len() {
            found if found == expected => Ok((number, length)),
            found => Err(FileError::Length { number, expected, found }),
        }
    }

    fn passed(&mut self, own: &[u8]) {
        self.hasher.update(own);
        self.next += 1;
    }
}

/// Opens the chunks of a file, in any order.
pub struct FileOpener {
    cipher: Cipher,
}

impl FileOpener {
    /// For a file of this shape.
    pub fn new(key: &FileKey, shape: Shape) -> Self {
        Self::by(portable_gcm, key, shape)
    }

    /// For a file of this shape, which this opens.
    pub fn by(gcm: MakeGcm, key: &FileKey, shape: Shape) -> Self {
        Self { cipher: Cipher::new(key, shape, gcm) }
    }

    /// Opens the chunks from `first` on that stand in `bytes` one behind the other, in their place: the file's own bytes of
    /// them are in `bytes` then, and nothing of one that did not come whole. Gives how many were opened. After an error
    /// nothing is left in `bytes`.
    ///
    /// # Errors
    /// [`FileError::Refused`], [`FileError::Padding`].
    pub fn open_row(&self, first: u32, bytes: &mut Vec<u8>) -> Result<u32, FileError> {
        let (mut number, mut from, mut behind) = (first, 0, 0);
        while let Ok(length) = self.cipher.padded_length(number) {
            let Some(chunk) = bytes.get_mut(from..from + length + TAG) else { break };
            let last = self.cipher.shape.is_last(number);
            let own = self.cipher.own_length(number);
            let mut chunk = Chunk { length: chunk.len(), bytes: chunk };
            let opened = self.cipher.stream.decrypt_in_place(number, last, b"", &mut chunk);
            let fault = match opened {
                Err(aead::Error) => Some(FileError::Refused { number }),
                Ok(()) if chunk.as_ref().iter().skip(own).any(|byte| *byte != 0) => Some(FileError::Padding),
                Ok(()) => None,
            };
            if let Some(fault) = fault {
                bytes.clear();
                return Err(fault);
            }
            bytes.copy_within(from..from + own, behind);
            (number, from, behind) = (number + 1, from + length + TAG, behind + own);
        }
        bytes.truncate(behind);
        Ok(number - first)
    }

    /// Opens a chunk, and puts the file's own bytes of it behind what is in `own`. After an error nothing is added.
    ///
    /// # Errors
    /// [`FileError::NoSuchChunk`], [`FileError::Length`], [`FileError::Refused`], [`FileError::Padding`].
    pub fn open(&self, number: u32, sealed: &[u8], own: &mut Vec<u8>) -> Result<(), FileError> {
        let expected = self.cipher.padded_length(number)? + TAG;
        let found = sealed.len();
        if found != expected {
            return Err(FileError::Length { number, expected, found });
        }
        let from = own.len();
        own.extend_from_slice(sealed);
        let last = self.cipher.shape.is_last(number);
        let mut tail = Tail { whole: own, from };
        let opened = self.cipher.stream.decrypt_in_place(number, last, b"", &mut tail);
        let behind = from + self.cipher.own_length(number);
        let fault = match opened {
            Err(aead::Error) => Some(FileError::Refused { number }),
            Ok(()) if own.iter().skip(behind).any(|byte| *byte != 0) => Some(FileError::Padding),
            Ok(()) => None,
        };
        own.truncate(if fault.is_some() { from } else { behind });
        fault.map_or(Ok(()), Err)
    }
}

/// The end of a vector, as a buffer in which a chunk is sealed or opened without being copied.
struct Tail<'a> {
    whole: &'a mut Vec<u8>,
    from: usize,
}

impl AsRef<[u8]> for Tail<'_> {
    fn as_ref(&self) -> &[u8] {
        self.whole.get(self.from..).unwrap_or_default()
    }
}

impl AsMut<[u8]> for Tail<'_> {
    fn as_mut(&mut self) -> &mut [u8] {
        self.whole.get_mut(self.from..).unwrap_or_default()
    }
}

impl Buffer for Tail<'_> {
    fn extend_from_slice(&mut self, other: &[u8]) -> aead::Result<()> {
        self.whole.extend_from_slice(other);
        Ok(())
    }

    fn truncate(&mut self, length: usize) {
        self.whole.truncate(self.from + length);
    }
}

/// A sealed chunk, as a buffer in which it is opened.
struct Chunk<'a> {
    bytes: &'a mut [u8],
    length: usize,
}

impl AsRef<[u8]> for Chunk<'_> {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl AsMut<[u8]> for Chunk<'_> {
    fn as_mut(&mut self) -> &mut [u8] {
        self.bytes.get_mut(..self.length).unwrap_or_default()
    }
}

impl Buffer for Chunk<'_> {
    fn extend_from_slice(&mut self, _other: &[u8]) -> aead::Result<()> {
        // There is no room behind it.
        Err(aead::Error)
    }

    fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
    }
}

//! Blobs: the ciphertext of files, in a folder or in S3-compatible storage.
//!
//! A blob is a row of **pieces**, each stored whole under the blob's id and the piece's place, and never written again. So an
//! upload goes on at any node where it stopped, no storage has to keep a half-done upload, and of two that write at the same
//! place one is refused. What a blob's length is, and whether it is whole, its server's database says: here stands the bytes
//! alone. Nobody but the owner of the folder or the keys reads them, and to him they are ciphertext.

mod address;
mod errors;
mod on_disk;
mod reader;
mod writer;

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _};
use huis_proto::BlobId;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, PutPayload};

pub use address::{BlobsAddress, S3Keys};
pub use errors::{BlobError, BlobResult};
pub use reader::BlobReader;
pub use writer::PieceWriter;

/// Bytes that a piece has at most.
pub const PIECE_MAX: usize = 8 * 1024 * 1024;
/// Pieces that a blob has at most: 800 GB of the largest.
pub const PIECES_MAX: usize = 100_000;

/// Bytes that are read at once.
pub const READ_MAX: usize = 512 * 1024;

/// The blobs of a server. Clones are the same.
#[derive(Clone)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
    root: Path,
    /// Where they are, if that is on this machine.
    on_disk: Option<PathBuf>,
}

/// A piece: where it begins, and its length.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Piece {
    offset: u64,
    length: u64,
}

impl Blobs {
    /// The blobs at this address. A folder is made where there is none; nothing is asked of S3 yet.
    ///
    /// # Errors
    /// [`BlobError`] where the folder cannot be made or the address is not whole.
    pub async fn open(address: &BlobsAddress) -> BlobResult<Self> {
        let (store, root) = address.open()?;
        Ok(Self { store, root, on_disk: address.as_folder().map(Into::into) })
    }

    /// Stores a piece. The same piece once more is well: so is repeated what got no answer.
    ///
    /// # Errors
    /// [`BlobError::Occupied`] where other bytes stand at this place, [`BlobError::PieceSize`] for an empty or too large one.
    pub async fn put(&self, blob: BlobId, offset: u64, bytes: Bytes) -> BlobResult<()> {
        if bytes.is_empty() || bytes.len() > PIECE_MAX {
            return Err(BlobError::PieceSize);
        }
        let place = self.place(blob, offset);
        let once = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.store.put_opts(&place, PutPayload::from_bytes(bytes.clone()), once).await {
            Ok(_) => Ok(()),
            Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => {
                let there = self.store.get(&place).await?;
                let is_same = there.meta.size == bytes.len() as u64 && there.bytes().await? == bytes;
                if is_same { Ok(()) } else { Err(BlobError::Occupied) }
            }
            Err(error) => Err(error.into()),
        }
    }

    /// A piece whose bytes come one after the other, and of which so many are expected.
    pub fn piece(&self, blob: BlobId, offset: u64, expected: usize) -> PieceWriter {
        PieceWriter::new(self.clone(), blob, offset, expected)
    }

    /// How many bytes of a blob are there, from its beginning to the first gap.
    ///
    /// # Errors
    /// [`BlobError`] of the storage.
    pub async fn length(&self, blob: BlobId) -> BlobResult<u64> {
        let pieces = self.pieces(blob, 0, u64::MAX).await?;
        Ok(pieces.iter().fold(0, |end, piece| if piece.offset == end { end + piece.length } else { end }))
    }

    /// Reads from this byte to before that one, [`READ_MAX`] bytes at a time: that is the memory that it takes.
    ///
    /// # Errors
    /// [`BlobError::NotThere`] where not all of that is there.
    pub async fn read(&self, blob: BlobId, from: u64, to: u64) -> BlobResult<BlobReader> {
        let pieces = self.pieces(blob, from, to).await?;
        let wanted = within(&pieces, from, to).ok_or(BlobError::NotThere)?;
        let wanted = wanted.into_iter().map(|(offset, range)| (self.place(blob, offset), range)).collect();
        Ok(BlobReader::new(Arc::clone(&self.store), wanted))
    }

    /// Deletes a blob, or what is there of it, however many pieces those are. One that is not there is well.
    ///
    /// # Errors
    /// [`BlobError`] of the storage; some of the blob may be gone then. It can be deleted once more.
    pub async fn delete(&self, blob: BlobId) -> BlobResult<()> {
        if let Some(folder) = &self.on_disk {
            return on_disk::delete(folder.clone(), blob).await;
        }
        let listed = self.store.list(Some(&self.folder(blob)));
        let places = listed.try_filter_map(|object| async move {
            let is_ours = object.location.filename().and_then(offset_of).is_some();
            Ok(is_ours.then_some(object.location))
        });
        let mut deleted = self.store.delete_stream(places.boxed());
        while let Some(one) = deleted.next().await {
            match one {
                Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Writes a piece, reads it and deletes it: whether a server can work with this.
    ///
    /// # Errors
    /// [`BlobError`] says what stands in the way.
    pub async fn check(&self, blob: BlobId) -> BlobResult<()> {
        const PROBE: &[u8] = b"huis looks whether it can keep blobs here";
        self.put(blob, 0, Bytes::from_static(PROBE)).await?;
        let read = self.read(blob, 0, PROBE.len() as u64).await?.all().await;
        self.delete(blob).await?;
        if read? == PROBE { Ok(()) } else { Err(BlobError::Altered) }
    }

    /// The pieces that hold what is from this byte to before that one, in order.
    async fn pieces(&self, blob: BlobId, from: u64, to: u64) -> BlobResult<Vec<Piece>> {
        let folder = self.folder(blob);
        // What begins there, or before, ends before the first byte.
        let mut listed = match from.checked_sub(PIECE_MAX as u64) {
            Some(before) => self.store.list_with_offset(Some(&folder), &self.place(blob, before)),
            None => self.store.list(Some(&folder)),
        };
        let mut pieces = Vec::new();
        let mut is_first_behind = true;
        while let Some(object) = listed.try_next().await? {
            // What somebody else has put there is not ours.
            let Some(offset) = object.location.filename().and_then(offset_of) else { continue };
            if offset >= to {
                // S3 lists in order, so all are here; a folder does not, and is listed to its end.
                if std::mem::take(&mut is_first_behind) && within(&pieces, from, to).is_some() {
                    break;
                }
                continue;
            }
            if pieces.len() == PIECES_MAX {
                return Err(BlobError::TooManyPieces);
            }
            pieces.push(Piece { offset, length: object.size });
        }
        // A folder lists in no order.
        pieces.sort_unstable();
        Ok(pieces)
    }

    fn folder(&self, blob: BlobId) -> Path {
        let name = blob.to_string();
        self.root.clone().join(&name[..2]).join(name.as_str())
    }

    /// Where a piece stands in a folder of this machine.
    fn place_on_disk(&self, blob: BlobId, offset: u64) -> Option<PathBuf> {
        // In a folder the root is the folder, and names are digits alone.
        self.on_disk.as_ref().map(|folder| folder.join(self.place(blob, offset).as_ref()))
    }

    fn place(&self, blob: BlobId, offset: u64) -> Path {
        self.folder(blob).join(format!("{offset:016x}"))
    }
}

/// Which bytes of which pieces, in order, make up what is from this byte to before that one; none if some are missing.
fn within(pieces: &[Piece], from: u64, to: u64) -> Option<Vec<(u64, Range<u64>)>> {
    let mut at = from;
    let mut wanted = Vec::new();
    for piece in pieces {
        let end = piece.offset + piece.length;
        if at < to && piece.offset <= at && at < end {
            let upto = end.min(to);
            wanted.push((piece.offset, at - piece.offset..upto - piece.offset));
            at = upto;
        }
    }
    (at >= to).then_some(wanted)
}

/// The offset that a piece's name says.
fn offset_of(name: &str) -> Option<u64> {
    let is_ours = name.len() == 16 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if is_ours { u64::from_str_radix(name, 16).ok() } else { None }
}

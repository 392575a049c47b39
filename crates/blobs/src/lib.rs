//! Blobs: the ciphertext of files, in a folder or in S3-compatible storage.
//!
//! A blob is a row of **pieces**, each stored whole under the blob's id and the piece's place, and never written again. So an
//! upload goes on at any node where it stopped, no storage has to keep a half-done upload, and of two that write at the same
//! place one is refused. What a blob's length is, and whether it is whole, its server's database says: here stands the bytes
//! alone. Nobody but the owner of the folder or the keys reads them, and to him they are ciphertext.

mod address;
mod errors;
mod reader;

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _};
use huis_proto::BlobId;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, PutPayload};

pub use address::{BlobsAddress, S3Keys};
pub use errors::{BlobError, BlobResult};
pub use reader::BlobReader;

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
        Ok(Self { store, root })
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

    /// How many bytes of a blob are there, from its beginning to the first gap.
    ///
    /// # Errors
    /// [`BlobError`] of the storage.
    pub async fn length(&self, blob: BlobId) -> BlobResult<u64> {
        let pieces = self.pieces(blob).await?;
        Ok(pieces.iter().fold(0, |end, piece| if piece.offset == end { end + piece.length } else { end }))
    }

    /// Reads from this byte to before that one, [`READ_MAX`] bytes at a time: that is the memory that it takes.
    ///
    /// # Errors
    /// [`BlobError::NotThere`] where not all of that is there.
    pub async fn read(&self, blob: BlobId, from: u64, to: u64) -> BlobResult<BlobReader> {
        let mut at = from;
        let mut wanted = Vec::new();
        for piece in self.pieces(blob).await? {
            let end = piece.offset + piece.length;
            if at < to && piece.offset <= at && at < end {
                let upto = end.min(to);
                wanted.push((self.place(blob, piece.offset), at - piece.offset..upto - piece.offset));
                at = upto;
            }
        }
        if at < to {
            return Err(BlobError::NotThere);
        }
        Ok(BlobReader::new(Arc::clone(&self.store), wanted))
    }

    /// Deletes a blob, or what is there of it. One that is not there is well.
    ///
    /// # Errors
    /// [`BlobError`] of the storage; some of the blob may be gone then. It can be deleted once more.
    pub async fn delete(&self, blob: BlobId) -> BlobResult<()> {
        let pieces = self.pieces(blob).await?;
        let places = pieces.iter().map(|piece| Ok(self.place(blob, piece.offset))).collect::<Vec<_>>();
        let mut deleted = self.store.delete_stream(futures_util::stream::iter(places).boxed());
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

    /// The pieces in order.
    async fn pieces(&self, blob: BlobId) -> BlobResult<Vec<Piece>> {
        let folder = self.folder(blob);
        let mut listed = self.store.list(Some(&folder));
        let mut pieces = Vec::new();
        while let Some(object) = listed.try_next().await? {
            // What somebody else has put there is not ours.
            let Some(offset) = object.location.filename().and_then(offset_of) else { continue };
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

    fn place(&self, blob: BlobId, offset: u64) -> Path {
        self.folder(blob).join(format!("{offset:016x}"))
    }
}

/// The offset that a piece's name says.
fn offset_of(name: &str) -> Option<u64> {
    let is_ours = name.len() == 16 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if is_ours { u64::from_str_radix(name, 16).ok() } else { None }
}

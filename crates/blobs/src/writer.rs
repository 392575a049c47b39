//! A piece that is written while it comes.

use std::mem::take;

use bytes::Bytes;
use huis_proto::BlobId;
use tokio::task::JoinHandle;

use crate::on_disk::Staged;
use crate::{BlobError, BlobResult, Blobs, PIECE_MAX};

/// Bytes that are written to a folder at once, while as many come. A piece of fewer is written in one.
const WRITTEN_AT_ONCE: usize = 1024 * 1024;

/// A piece of which bytes come one after the other. In a folder they are written meanwhile; elsewhere, where a piece goes in
/// one, they are gathered. **Nothing of it is there before [`finish`](Self::finish)**, and nothing stays of one that is
/// dropped.
pub struct PieceWriter {
    blobs: Blobs,
    blob: BlobId,
    offset: u64,
    /// None where it is gathered.
    staged: Option<Staged>,
    is_begun: bool,
    /// What came and is not on its way to the folder.
    came: Vec<u8>,
    writing: Option<JoinHandle<BlobResult<Vec<u8>>>>,
    length: usize,
}

impl PieceWriter {
    pub(crate) fn new(blobs: Blobs, blob: BlobId, offset: u64, expected: usize) -> Self {
        let staged = blobs.place_on_disk(blob, offset).map(Staged::at);
        // Made once, so that it is not copied while it grows. What is not written to takes no memory yet.
        let room = expected.min(if staged.is_some() { WRITTEN_AT_ONCE } else { PIECE_MAX });
        Self { blobs, blob, offset, staged, is_begun: false, came: Vec::with_capacity(room), writing: None, length: 0 }
    }

    /// How many bytes came.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`BlobError::PieceSize`] where they are too many, [`BlobError`] of the storage.
    pub async fn write(&mut self, mut bytes: &[u8]) -> BlobResult<()> {
        if bytes.len() > PIECE_MAX - self.length {
            return Err(BlobError::PieceSize);
        }
        self.length += bytes.len();
        if self.staged.is_none() {
            self.came.extend_from_slice(bytes);
            return Ok(());
        }
        while !bytes.is_empty() {
            let (some, rest) = bytes.split_at(bytes.len().min(WRITTEN_AT_ONCE - self.came.len()));
            self.came.extend_from_slice(some);
            bytes = rest;
            if self.came.len() == WRITTEN_AT_ONCE {
                self.send_on().await?;
            }
        }
        Ok(())
    }

    /// Stores the piece, as [`Blobs::put`] does.
    ///
    /// # Errors
    /// As [`Blobs::put`].
    pub async fn finish(mut self) -> BlobResult<()> {
        if !self.is_begun {
            return self.blobs.put(self.blob, self.offset, Bytes::from(self.came)).await;
        }
        self.send_on().await?;
        self.written().await?;
        let is_there = match &self.staged {
            Some(staged) => staged.publish().await?,
            None => false,
        };
        if is_there { Ok(()) } else { Err(BlobError::Occupied) }
    }

    /// Has what came written, as soon as what came before is.
    async fn send_on(&mut self) -> BlobResult<()> {
        let mut next = self.written().await?.unwrap_or_else(|| Vec::with_capacity(WRITTEN_AT_ONCE));
        next.clear();
        let Some(staged) = self.staged.clone() else { return Ok(()) };
        let bytes = std::mem::replace(&mut self.came, next);
        self.is_begun = true;
        self.writing = Some(tokio::spawn(async move { staged.write(bytes).await }));
        Ok(())
    }

    async fn written(&mut self) -> BlobResult<Option<Vec<u8>>> {
        match take(&mut self.writing) {
            Some(writing) => writing.await.map_err(|_| BlobError::Other("a piece that was being written"))?.map(Some),
            None => Ok(None),
        }
    }
}

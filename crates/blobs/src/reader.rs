//! A blob that is read.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};

use crate::{BlobError, BlobResult};

/// The bytes of a blob, a piece at a time.
pub struct BlobReader {
    store: Arc<dyn ObjectStore>,
    wanted: VecDeque<(Path, Range<u64>)>,
}

impl BlobReader {
    pub(crate) fn new(store: Arc<dyn ObjectStore>, wanted: Vec<(Path, Range<u64>)>) -> Self {
        Self { store, wanted: wanted.into() }
    }

    /// The next bytes, never none of them; `None` at the end. What failed can be asked for once more.
    ///
    /// # Errors
    /// [`BlobError::NotThere`] where the blob was deleted meanwhile.
    pub async fn next(&mut self) -> BlobResult<Option<Bytes>> {
        let Some((place, range)) = self.wanted.front() else { return Ok(None) };
        let bytes = self.store.get_range(place, range.clone()).await?;
        if bytes.len() as u64 != range.end - range.start {
            return Err(BlobError::Altered);
        }
        self.wanted.pop_front();
        Ok(Some(bytes))
    }

    /// All that is left, in one: for what is known to be small.
    ///
    /// # Errors
    /// As [`BlobReader::next`].
    pub async fn all(mut self) -> BlobResult<Vec<u8>> {
        let mut all = Vec::new();
        while let Some(bytes) = self.next().await? {
            all.extend_from_slice(&bytes);
        }
        Ok(all)
    }
}

//! A blob that is read.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};

use crate::{BlobError, BlobResult, READ_MAX};

/// The bytes of a blob, a bounded number at a time.
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
        let Some((place, range)) = self.wanted.front_mut() else { return Ok(None) };
        let end = range.end.min(range.start + READ_MAX as u64);
        let bytes = self.store.get_range(place, range.start..end).await?;
        if bytes.len() as u64 != end - range.start {
            return Err(BlobError::Altered);
        }
        range.start = end;
        if range.is_empty() {
            self.wanted.pop_front();
        }
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

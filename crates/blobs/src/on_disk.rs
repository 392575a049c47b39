//! What a folder needs otherwise than other storage.

use std::fs::{File, remove_dir_all};
use std::io;
use std::path::{Path, PathBuf};

use huis_proto::BlobId;

use crate::{BlobError, BlobResult};

/// Deletes the blob's folder with all that is in it: beside the pieces there is what a writer that was killed left, under a
/// name of its own. When this returns, no loss of power brings any of it back.
pub(crate) async fn delete(root: PathBuf, blob: BlobId) -> BlobResult<()> {
    let deleted = tokio::task::spawn_blocking(move || {
        let name = blob.to_string();
        let above = root.join(name.get(..2).unwrap_or_default());
        delete_below(&above, &name)
    });
    match deleted.await {
        Ok(Err(error)) => Err(BlobError::Folder(error.kind().to_string())),
        Ok(Ok(())) => Ok(()),
        Err(_) => Err(BlobError::Other("a folder that was being deleted")),
    }
}

fn delete_below(above: &Path, name: &str) -> io::Result<()> {
    match remove_dir_all(above.join(name)) {
        Ok(()) => File::open(above)?.sync_all(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

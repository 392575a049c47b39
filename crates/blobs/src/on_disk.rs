//! What a folder needs otherwise than other storage.

use std::fs::{File, OpenOptions, create_dir_all, hard_link, remove_dir_all, remove_file};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use huis_proto::BlobId;
use tokio::task::spawn_blocking;

use crate::errors::of_disk;
use crate::{BlobError, BlobResult};

/// Deletes the blob's folder with all that is in it: beside the pieces there is what a writer that was killed left, under a
/// name of its own. When this returns, no loss of power brings any of it back.
pub(crate) async fn delete(root: PathBuf, blob: BlobId) -> BlobResult<()> {
    let deleted = spawn_blocking(move || {
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

/// Bytes that are compared at once.
const COMPARED: usize = 64 * 1024;

/// A piece that is written while it comes, under a name beside its own. It gets its own when all of it is on disk; the other
/// name goes in any case, but for that of a writer that was killed.
#[derive(Clone)]
pub(crate) struct Staged(Arc<Staging>);

struct Staging {
    place: PathBuf,
    opened: Mutex<Option<(File, PathBuf)>>,
}

impl Staged {
    /// For a piece at this place.
    pub(crate) fn at(place: PathBuf) -> Self {
        Self(Arc::new(Staging { place, opened: Mutex::default() }))
    }

    /// Writes behind what was written before, and gives the bytes back.
    pub(crate) async fn write(&self, bytes: Vec<u8>) -> BlobResult<Vec<u8>> {
        let staging = Arc::clone(&self.0);
        away(move || {
            staging.write(&bytes)?;
            Ok(bytes)
        })
        .await
    }

    /// Says whether the piece is there, on disk: not, if other bytes stand at its place.
    pub(crate) async fn publish(&self) -> BlobResult<bool> {
        let staging = Arc::clone(&self.0);
        away(move || staging.publish()).await
    }
}

async fn away<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> BlobResult<T> {
    match spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| of_disk(&error)),
        Err(_) => Err(BlobError::Other("a piece that was being written")),
    }
}

impl Staging {
    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let (file, _) = match &mut *opened {
            Some(opened) => opened,
            none => none.insert(open_beside(&self.place)?),
        };
        file.write_all(bytes)
    }

    fn publish(&self) -> io::Result<bool> {
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((file, beside)) = &*opened else { return Ok(false) };
        file.sync_all()?;
        match hard_link(beside, &self.place) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if !is_same(file, &File::open(&self.place)?)? {
                    return Ok(false);
                }
            }
            Err(error) => return Err(error),
        }
        sync_folder(self.place.parent())?;
        Ok(true)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if let Some((_, beside)) = self.opened.get_mut().unwrap_or_else(PoisonError::into_inner) {
            // What stays goes with the blob.
            let _ = remove_file(beside);
        }
    }
}

/// A file beside a piece's own, by a name that nobody takes for a piece, and that name.
fn open_beside(place: &Path) -> io::Result<(File, PathBuf)> {
    let mut number = 1_u32;
    loop {
        let mut beside = place.as_os_str().to_owned();
        beside.push(format!("#{number}"));
        match OpenOptions::new().read(true).write(true).create_new(true).open(&beside) {
            Ok(file) => return Ok((file, beside.into())),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let folder = place.parent().ok_or(error)?;
                create_dir_all(folder)?;
                // The blob's folder, the one above it, and the root: each may be there since just now.
                folder.ancestors().take(3).try_for_each(|folder| sync_folder(Some(folder)))?;
            }
            Err(error) => return Err(error),
        }
    }
}

fn sync_folder(folder: Option<&Path>) -> io::Result<()> {
    folder.map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

fn is_same(mut one: &File, mut other: &File) -> io::Result<bool> {
    if one.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    one.rewind()?;
    let (mut bytes, mut others) = (vec![0; COMPARED], vec![0; COMPARED]);
    loop {
        let count = one.read(&mut bytes)?;
        let (bytes, others) = (bytes.split_at(count).0, others.split_at_mut(count).0);
        other.read_exact(others)?;
        if bytes != others {
            return Ok(false);
        }
        if count == 0 {
            return Ok(true);
        }
    }
}

//! Parts of files, read where they are looked at: from what was fetched, or from the server, and kept nowhere.

use huis_core::content::SharedFile;
use huis_core::files::{CHUNK, FileOpener, SEALED_CHUNK, Shape, safe_name};
use huis_views::{Failure, ReadFile};

use super::carrying::{Fetched, Trouble};
use super::file_failure;
use crate::client::Client;
use crate::db::TransferStanding;
use crate::platform::gcm;

/// The most bytes that are read at once.
pub(super) const MOST: usize = 4 * 1024 * 1024;
/// How often a server that does not answer is asked.
const TRIES: u32 = 5;

impl Client {
    /// Reads so many bytes of a file from a place on; fewer at its end. **Each chunk is what its sender sealed; that all of them
    /// together are the file that the message names, only fetching it to its end tells.**
    pub(crate) async fn read_file(&self, wish: ReadFile) -> Result<Vec<u8>, Failure> {
        let (message, file) = self.file_of_others(wish.message, wish.number)?;
        let length = wish.length.min(MOST as u64).min(file.size.saturating_sub(wish.at));
        if length == 0 {
            return Ok(Vec::new());
        }
        let rows = self.read(|tables| tables.transfers_of(message.position))?;
        let number = wish.number - 1;
        let is_here = |row: &&crate::db::TransferRow| {
            !row.outgoing && row.file == number && row.standing == TransferStanding::Done
        };
        if let Some(row) = rows.iter().rfind(is_here)
            && let Ok(mut there) = self.files.open(&row.target).await
        {
            let read = there.read(wish.at, length as usize).await;
            return read.map_err(|fault| file_failure(&file.name, &fault));
        }
        self.read_from_server(&file, wish.at, length).await
    }

    async fn read_from_server(&self, file: &SharedFile, at: u64, length: u64) -> Result<Vec<u8>, Failure> {
        let name = safe_name(&file.name);
        let refused = |reason: String| Failure::FileRefused { name: name.clone(), reason };
        let shape = Shape::of(file.size).map_err(|error| refused(error.to_string()))?;
        let (first, behind) = ((at / CHUNK as u64) as u32, (at + length).div_ceil(CHUNK as u64) as u32);
        let opener = FileOpener::by(gcm, &file.key, shape);
        let mut own = Vec::with_capacity((behind - first) as usize * CHUNK);
        let (mut next, mut failures) = (first, 0);
        while next < behind {
            let sealed = match self.fetch_range(file.id, shape, shape.sealed_range(next, behind)).await {
                Ok(Fetched::Bytes(bytes)) => bytes,
                Ok(Fetched::Gone) => return Err(Failure::FileGone { name }),
                Ok(Fetched::OtherLength) => return Err(refused("it has another length".into())),
                Err(Trouble::Later(retry_after_s)) if failures < TRIES => {
                    failures += 1;
                    self.pause_before_next_try(failures, retry_after_s).await;
                    continue;
                }
                Err(Trouble::Later(_)) => return Err(silent()),
                Err(Trouble::Failed(failure)) => return Err(failure),
            };
            let before = next;
            for chunk in sealed.chunks(SEALED_CHUNK) {
                let range = shape.sealed_range(next, next + 1);
                if (chunk.len() as u64) < range.end - range.start {
                    break;
                }
                opener.open(next, chunk, &mut own).map_err(|error| refused(error.to_string()))?;
                next += 1;
            }
            if next == before {
                failures += 1;
                if failures > TRIES {
                    return Err(silent());
                }
            }
        }
        own.drain(..(at - u64::from(first) * CHUNK as u64) as usize);
        own.truncate(length as usize);
        Ok(own)
    }
}

fn silent() -> Failure {
    Failure::Offline { reason: "it did not answer for a while".into() }
}

//! Files at rest: the blobs, how many requests work with them at once, the room on their disk, and how they are removed.

mod removal;
mod turns;

use std::path::PathBuf;

use huis_blobs::Blobs;
use huis_proto::{AccountId, ErrorCode};

pub(crate) use removal::remove;
pub(crate) use turns::Turn;

use crate::config::Config;
use crate::http::problem::Refusal;
use crate::serve::ServeError;
use crate::space::{size, volume};
use turns::Turns;

/// Requests that upload at once, of one account and in all.
const UPLOADS: (usize, usize) = (4, 256);
/// Requests that download at once, of one account and in all. Each holds three portions of
/// [`READ_MAX`](huis_blobs::READ_MAX) bytes at most.
const DOWNLOADS: (usize, usize) = (8, 64);
const GIB: u64 = 1024 * 1024 * 1024;

/// The files of a running server.
pub(crate) struct Files {
    pub(crate) blobs: Blobs,
    /// Where they lie, if that is on this machine.
    folder: Option<PathBuf>,
    keep_free: Option<u64>,
    uploads: Turns,
    downloads: Turns,
}

impl Files {
    pub(crate) async fn open(config: &Config) -> Result<Self, ServeError> {
        let address = config.blobs();
        let told = |error| ServeError::Blobs { blobs: address.to_string(), error };
        Ok(Self {
            blobs: Blobs::open(&address).await.map_err(told)?,
            folder: address.as_folder().map(Into::into),
            keep_free: config.files.keep_free,
            uploads: Turns::new(UPLOADS),
            downloads: Turns::new(DOWNLOADS),
        })
    }

    /// A turn to upload, given back when it is dropped.
    pub(crate) fn upload(&self, account: AccountId) -> Result<Turn, Refusal> {
        self.uploads.take(account).ok_or_else(|| Refusal::too_many_requests(1))
    }

    /// A turn to download, given back when it is dropped.
    pub(crate) fn download(&self, account: AccountId) -> Result<Turn, Refusal> {
        self.downloads.take(account).ok_or_else(|| Refusal::too_many_requests(1))
    }

    /// Refuses what would leave too little free. Of storage elsewhere nobody knows how much it takes.
    pub(crate) fn needs_room(&self, bytes: u64) -> Result<(), Refusal> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let (free, all) = volume(folder).map_err(|error| {
            tracing::error!(%error, "what is free where files are kept can't be had");
            Refusal::internal()
        })?;
        let keep_free = self.keep_free.unwrap_or_else(|| GIB.min(all / 20));
        let room = free.saturating_sub(keep_free);
        if bytes <= room {
            return Ok(());
        }
        Err(Refusal::new(
            ErrorCode::StorageFull,
            format!(
                "The server's disk has room for {} more, and this takes {}; its operator must free some space.",
                size(room),
                size(bytes)
            ),
        ))
    }
}

//! Files at rest: the blobs, how many requests work with them at once, the room on their disk, and how they are removed.

pub(crate) mod removal;
mod room;
mod total;
mod turns;

use huis_blobs::Blobs;
use huis_proto::AccountId;
use huis_store::SharedStore;

pub(crate) use room::Reserved;
pub(crate) use total::Share;
pub(crate) use turns::Turn;

use crate::config::Config;
use crate::http::problem::Refusal;
use crate::serve::ServeError;
use crate::space::volume;
use room::Room;
use total::Total;
use turns::Turns;

/// Requests that upload at once, of one account and in all.
const UPLOADS: (usize, usize) = (4, 256);
/// Requests that download at once, of one account and in all. Each holds three portions of
/// [`READ_MAX`](huis_blobs::READ_MAX) bytes at most.
const DOWNLOADS: (usize, usize) = (8, 64);

/// The files of a running server.
pub(crate) struct Files {
    pub(crate) blobs: Blobs,
    room: Room,
    total: Total,
    uploads: Turns,
    downloads: Turns,
}

impl Files {
    pub(crate) async fn open(config: &Config) -> Result<Self, ServeError> {
        // From the beginning, so that the first of each is seen as one more.
        for way in ["up", "down"] {
            metrics::counter!("huis_file_bytes_total", "way" => way).increment(0);
        }
        let address = config.blobs();
        let told = |error| ServeError::Blobs { blobs: address.to_string(), error };
        Ok(Self {
            blobs: Blobs::open(&address).await.map_err(told)?,
            room: Room::new(address.as_folder().map(Into::into), config.files.keep_free, volume),
            total: Total::new(config.files.total),
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

    /// How many uploads and downloads are under way.
    pub(crate) fn transfers(&self) -> (usize, usize) {
        (self.uploads.taken(), self.downloads.taken())
    }

    /// Refuses what would leave too little free. Of storage elsewhere nobody knows how much it takes.
    pub(crate) async fn needs_room(&self, bytes: u64) -> Result<(), Refusal> {
        self.room.needs(bytes).await
    }

    /// Room for a part that is about to be written, until it is dropped.
    pub(crate) async fn reserve(&self, bytes: u64) -> Result<Reserved, Refusal> {
        self.room.reserve(bytes).await
    }

    /// Room for a file among those of all accounts, where that is bounded.
    pub(crate) async fn share(&self, store: &SharedStore, length: u64, now_ms: u64) -> Result<Share<'_>, Refusal> {
        self.total.share(store, length, now_ms).await
    }
}

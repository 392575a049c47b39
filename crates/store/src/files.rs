//! Files: how much of each is there, which messages bring it, and how long it is kept. Their bytes lie elsewhere.

use async_trait::async_trait;
use huis_proto::{AccountId, BlobId, ConversationId};

use crate::StoreResult;

/// An upload that is to be begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// The file, a random name.
    pub file: BlobId,
    /// Who uploads it.
    pub account: AccountId,
    /// How long it will be.
    pub length: u64,
    /// When it is removed, if nothing more of it comes.
    pub expires_at_ms: u64,
    /// What the account's files may take together.
    pub quota: u64,
    /// What each counts for at least.
    pub counted: u64,
    /// The most unfinished uploads of the account.
    pub most_unfinished: usize,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileCreation {
    /// It is begun.
    Created,
    /// There is no such account.
    NoAccount,
    /// The account has as many unfinished uploads as it may.
    TooManyUnfinished,
    /// The account's files take so much already.
    QuotaExceeded {
        /// In bytes.
        used: u64,
    },
}

/// An upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upload {
    /// How long the file will be.
    pub length: u64,
    /// How much of it is there, from its beginning.
    pub arrived: u64,
    /// In how many parts it came.
    pub parts: u64,
    /// When it is removed, if no message brings it and nothing more of it comes.
    pub expires_at_ms: u64,
}

/// A part that has arrived and is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrived {
    /// Where the upload was before.
    pub from: u64,
    /// Where it is by that.
    pub to: u64,
    /// When the upload is removed from here on, if nothing more of it comes.
    pub expires_at_ms: u64,
}

/// Files. Each is removed in three steps, so that a crash between them leaves nothing that is not removed at some time: it
/// is marked, from when on nobody uploads, reads or references it; then, by the caller, its bytes go; then it is
/// [forgotten](Self::forget_files).
#[async_trait]
pub trait Files: Send + Sync {
    /// Begins an upload.
    async fn create_file(&self, new: NewFile) -> StoreResult<FileCreation>;

    /// The account's own upload, finished or not, if it is not being removed.
    async fn upload(&self, account: AccountId, file: BlobId) -> StoreResult<Option<Upload>>;

    /// Moves the account's upload on, if it is where the part begins. How it stands then, whether it was moved or not;
    /// none where there is none, or it is being removed.
    async fn advance_upload(&self, account: AccountId, file: BlobId, arrived: Arrived) -> StoreResult<Option<Upload>>;

    /// How long a finished file is, if the account may read it: its uploader, or who takes part in a conversation with a
    /// message that brings it.
    async fn readable_file(&self, reader: AccountId, file: BlobId) -> StoreResult<Option<u64>>;

    /// What counts for the account: the files that its messages bring, its uploads that no message brings, and what it
    /// uploaded and is not [forgotten](Self::forget_files) yet, though marked; each at least `counted`. What is marked
    /// counts as far as it arrived, with one part that may have been under way.
    async fn file_usage(&self, account: AccountId, counted: u64) -> StoreResult<u64>;

    /// What the files of all accounts take together, each once, counted alike. It looks at every file.
    async fn files_total(&self, counted: u64) -> StoreResult<u64>;

    /// Lets go of a file: of the reference by this message of the account's, or of all by its messages, and of its own
    /// upload. With the last reference gone the file is marked. Whether there was anything to let go of.
    async fn let_go_of_file(
        &self,
        account: AccountId,
        file: BlobId,
        message: Option<(ConversationId, u64)>,
        now_ms: u64,
    ) -> StoreResult<bool>;

    /// Drops references whose time is over, and marks files whose time is, at most `most` of each. Gives the larger of the
    /// two counts.
    async fn end_files(&self, now_ms: u64, most: usize) -> StoreResult<usize>;

    /// Files that were marked at that time or before, at most `most`, the oldest first.
    async fn files_to_remove(&self, marked_until_ms: u64, most: usize) -> StoreResult<Vec<BlobId>>;

    /// Marks marked files anew, as of this moment, for their bytes could not be deleted: so they don't stand before others.
    async fn put_off_removal(&self, files: Vec<BlobId>, now_ms: u64) -> StoreResult<()>;

    /// Forgets marked files, of which no byte is there any more.
    async fn forget_files(&self, files: Vec<BlobId>) -> StoreResult<()>;
}

//! Accounts' history archives: sealed segments, and a head for each archive.

use async_trait::async_trait;
use huis_proto::{AccountId, Bytes, Bytes32};

use crate::StoreResult;

/// How an archive stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveStanding {
    /// The newest head's number, from 1.
    pub number: u64,
    /// The newest head.
    pub head: Bytes,
    /// How many segments there are.
    pub segments: u64,
    /// What they take, outlines and bodies, in bytes.
    pub bytes: u64,
}

/// A segment without its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptSegment {
    /// The number of the head that brought it in.
    pub number: u64,
    /// The sealed outline.
    pub outline: Bytes,
    /// SHA-256 of the sealed body.
    pub body_hash: Bytes32,
    /// What outline and body take, in bytes.
    pub bytes: u64,
}

/// A segment that comes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSegment {
    /// The sealed outline.
    pub outline: Bytes,
    /// The sealed body.
    pub body: Bytes,
    /// SHA-256 of it.
    pub body_hash: Bytes32,
}

/// Segments that go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dropped {
    /// Those of these numbers, each named once.
    These(Vec<u64>),
    /// All that are there.
    All,
}

/// The next head of an archive, and what goes with it.
#[derive(Debug, Clone)]
pub struct ArchiveChange {
    /// Whose archive.
    pub account: AccountId,
    /// The head's number.
    pub number: u64,
    /// The head.
    pub head: Bytes,
    /// What comes in, under that number.
    pub segment: Option<NewSegment>,
    /// What goes.
    pub drops: Dropped,
    /// How many segments there may be afterwards.
    pub most_segments: u64,
    /// What they may take afterwards, in bytes.
    pub most_bytes: u64,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArchiveChanged {
    /// All of it is stored.
    Stored,
    /// The number is not the next one; the newest is this, 0 for none.
    Conflict(u64),
    /// There is no segment of this number that could go.
    NoSegment(u64),
    /// There would be too many segments.
    TooMany,
    /// They would take so many bytes.
    TooLarge(u64),
    /// There is no such account, or it was deleted.
    NoAccount,
}

/// Archives. What is refused changes nothing.
#[async_trait]
pub trait Archives: Send + Sync {
    /// How the account's archive stands; none where there was never a head.
    async fn archive(&self, account: AccountId) -> StoreResult<Option<ArchiveStanding>>;

    /// Its segments behind this number, in their order, at most `most`.
    async fn archive_segments(&self, account: AccountId, after: u64, most: usize) -> StoreResult<Vec<KeptSegment>>;

    /// The body of one.
    async fn archive_body(&self, account: AccountId, number: u64) -> StoreResult<Option<Bytes>>;

    /// Changes it, if the head is the next one.
    async fn change_archive(&self, change: ArchiveChange) -> StoreResult<ArchiveChanged>;
}

impl ArchiveChange {
    /// What there would be of segments and bytes, from what there is and what goes of it; or what refuses it.
    pub(crate) fn totals(&self, kept: (u64, u64), gone: (u64, u64)) -> Result<(u64, u64), ArchiveChanged> {
        let comes = self.segment.as_ref().map_or((0, 0), |segment| (1, segment.bytes()));
        let left = |kept: u64, gone: u64, comes: u64| kept.saturating_sub(gone).saturating_add(comes);
        let (segments, bytes) = (left(kept.0, gone.0, comes.0), left(kept.1, gone.1, comes.1));
        match (segments, bytes) {
            (segments, _) if segments > self.most_segments => Err(ArchiveChanged::TooMany),
            (_, bytes) if bytes > self.most_bytes => Err(ArchiveChanged::TooLarge(bytes)),
            totals => Ok(totals),
        }
    }
}

impl NewSegment {
    /// What it takes.
    pub(crate) fn bytes(&self) -> u64 {
        (self.outline.len() + self.body.len()) as u64
    }
}

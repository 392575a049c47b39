//! The account's history archive: segments that its devices sealed, and a head that says which there are. The server reads
//! neither.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Bytes, Bytes32};

/// `GET /api/v1/account/archive?after=N`: the newest head, and the segments behind number N, in their order, at most
/// [`ARCHIVE_PAGE`](crate::limits::ARCHIVE_PAGE).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Archive {
    /// The head's number; 0 where there was never one.
    pub number: u64,
    /// The head, as a device signed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<Bytes>,
    /// What all segments take, outlines and bodies, in bytes.
    pub bytes: u64,
    /// What they may take.
    pub most_bytes: u64,
    /// Segments. Of one whose head came between two pages only one page knows: compare with the head.
    pub segments: Vec<ArchiveSegment>,
    /// Whether there are more behind these.
    pub more: bool,
}

/// A segment as the list names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ArchiveSegment {
    /// The number of the head that brought it in.
    pub number: u64,
    /// Its sealed outline.
    pub outline: Bytes,
    /// SHA-256 of its sealed body.
    pub body_hash: Bytes32,
    /// What both take, in bytes.
    pub bytes: u64,
}

/// `GET /api/v1/account/archive/segments/{number}`: a segment's body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ArchiveBody {
    /// The sealed body.
    pub body: Bytes,
}

/// `POST /api/v1/account/archive`: the next head, with what it brings in and takes out, all or nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChangeArchive {
    /// The head's number: one more than the newest one's, `state-conflict` otherwise.
    pub number: u64,
    /// The signed head, at most [`ARCHIVE_HEAD`](crate::limits::ARCHIVE_HEAD) bytes.
    pub head: Bytes,
    /// What comes in, under the head's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<NewArchiveSegment>,
    /// The numbers of segments that go.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drops: Vec<u64>,
    /// Whether all that are there go, in place of `drops`.
    #[serde(default)]
    pub drops_all: bool,
}

/// A segment that is to come in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewArchiveSegment {
    /// The sealed outline, at most [`ARCHIVE_OUTLINE`](crate::limits::ARCHIVE_OUTLINE) bytes.
    pub outline: Bytes,
    /// The sealed body, at most [`ARCHIVE_BODY`](crate::limits::ARCHIVE_BODY) bytes.
    pub body: Bytes,
}

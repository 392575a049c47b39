//! Files: their ciphertext goes up by tus 1.0.0 (<https://tus.io/protocols/resumable-upload>) at `/api/v1/files`, and comes
//! down from `/api/v1/files/{file}/content` by HTTP's ranges. A file is named by its [`BlobId`](crate::BlobId), which the
//! server chooses; of what is in it the server is told the length of the ciphertext, and nothing else.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::BlobId;

/// The version of tus that is spoken.
pub const TUS: &str = "1.0.0";

/// The media type of a part of a file that is uploaded.
pub const PART_MEDIA_TYPE: &str = "application/offset+octet-stream";

/// What files a server takes, as `GET /api/v1/server` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FileTerms {
    /// The largest file, as sealed.
    pub most_bytes: u64,
    /// How long one is kept that no message brings, in seconds from its last byte, finished or not.
    pub unreferenced_s: u64,
    /// How long one is kept behind each message that brings it, in seconds.
    pub retention_s: u64,
}

/// `GET /api/v1/files`: the account's files and what they take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FileUsage {
    /// What the account's files take, in bytes.
    pub used_bytes: u64,
    /// What they may take.
    pub quota_bytes: u64,
}

/// Where uploads are made.
pub const FILES: &str = "/api/v1/files";

/// Where a file is uploaded, continued and deleted.
pub fn file_path(file: BlobId) -> String {
    format!("{FILES}/{file}")
}

/// Where a file is read from.
pub fn file_content_path(file: BlobId) -> String {
    format!("{FILES}/{file}/content")
}

/// The headers of tus, in lower case as `http` wants them.
pub mod headers {
    /// The version of tus of a request and an answer.
    pub const TUS_RESUMABLE: &str = "tus-resumable";
    /// The versions that a server speaks.
    pub const TUS_VERSION: &str = "tus-version";
    /// The extensions that a server has.
    pub const TUS_EXTENSION: &str = "tus-extension";
    /// The largest file.
    pub const TUS_MAX_SIZE: &str = "tus-max-size";
    /// The checksums that a server can make.
    pub const TUS_CHECKSUM_ALGORITHM: &str = "tus-checksum-algorithm";
    /// How long a file is.
    pub const UPLOAD_LENGTH: &str = "upload-length";
    /// How much of it is there, or where a part goes.
    pub const UPLOAD_OFFSET: &str = "upload-offset";
    /// When an upload expires, if nothing more of it comes (RFC 9110, section 5.6.7).
    pub const UPLOAD_EXPIRES: &str = "upload-expires";
    /// The checksum of a part: `sha256` or `sha1`, and base64 (RFC 4648, section 4).
    pub const UPLOAD_CHECKSUM: &str = "upload-checksum";
}

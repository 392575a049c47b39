//! What transfers need from outside: requests with bytes in them, and the device's own files.

use std::ops::Range;
use std::sync::Arc;

use futures_util::future::LocalBoxFuture;
use huis_proto::rest::Secret;

/// A request of a transfer, under `/api/v1/files`.
#[derive(Debug, Clone)]
pub struct FileRequest {
    /// What is done.
    pub method: FileMethod,
    /// The path with its query, beginning with `/api/v1/`.
    pub path: String,
    /// The access token for the `Authorization` header.
    pub token: Option<Secret>,
    /// Further headers; names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The bytes that go along.
    pub body: Option<Part>,
    /// The most bytes that an answer may have; one with more is cut there.
    pub most: usize,
}

/// The HTTP methods of transfers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileMethod {
    /// Makes an upload.
    Post,
    /// Asks how far one is.
    Head,
    /// Goes on with one.
    Patch,
    /// Reads.
    Get,
    /// Removes.
    Delete,
}

/// A part of bytes that are shared, not copied.
#[derive(Clone)]
pub struct Part {
    bytes: Arc<Vec<u8>>,
    range: Range<usize>,
}

impl Part {
    /// These bytes from `from` on.
    pub fn from(bytes: &Arc<Vec<u8>>, from: usize) -> Self {
        Self { bytes: Arc::clone(bytes), range: from.min(bytes.len())..bytes.len() }
    }
}

impl AsRef<[u8]> for Part {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(self.range.clone()).unwrap_or_default()
    }
}

impl std::fmt::Debug for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Part({} bytes)", self.range.len())
    }
}

/// An answer to a transfer's request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileResponse {
    /// The HTTP status.
    pub status: u16,
    /// `Upload-Offset`.
    pub upload_offset: Option<u64>,
    /// `Location`.
    pub location: Option<String>,
    /// The length of the whole of which the body is a range (`Content-Range`).
    pub total: Option<u64>,
    /// The body, as far as it came: a connection that broke in the middle gives what was there before.
    pub body: Vec<u8>,
}

impl FileResponse {
    /// The length of the whole, as a `Content-Range` says it (RFC 9110, section 14.4).
    pub fn total_of(content_range: &str) -> Option<u64> {
        content_range.rsplit_once('/').and_then(|(_, total)| total.parse().ok())
    }
}

/// The files of this device, outside of its database.
pub trait Files {
    /// Opens a file of a person's, to read it.
    fn open(&self, path: &str) -> LocalBoxFuture<'_, Result<Box<dyn OpenFile>, FileFault>>;

    /// Opens a file that is not whole yet, or makes an empty one.
    fn open_part(&self, path: &str) -> LocalBoxFuture<'_, Result<Box<dyn OpenFile>, FileFault>>;

    /// The path of a file of this name in a folder; where there is one, of a similar name. Where nobody sees names it is
    /// the path of the `part` that it was until then.
    fn free_path(&self, folder: &str, name: &str, part: &str) -> LocalBoxFuture<'_, Result<String, FileFault>>;

    /// The path of a file that is not whole yet, beside what it becomes: not to be seen in the folder, and with `mark` in
    /// its name.
    fn part_path(&self, folder: &str, name: &str, mark: &str) -> String;

    /// Gives a file that is whole, and on disk, its last path. False if there is one already, which stays as it is.
    fn rename(&self, from: &str, to: &str) -> LocalBoxFuture<'_, Result<bool, FileFault>>;

    /// How many bytes may still be written in a folder; none where that is not known.
    fn free_bytes(&self, folder: &str) -> LocalBoxFuture<'_, Option<u64>>;

    /// Removes a file; that there is none in its folder is as good. Where there is no such folder the file may come back with it,
    /// and is not found.
    fn remove(&self, path: &str) -> LocalBoxFuture<'_, Result<(), FileFault>>;

    /// The files that are there for transfers alone, and go with them. Natively there are none: files are the person's.
    fn own(&self) -> LocalBoxFuture<'_, Result<Vec<String>, FileFault>>;
}

/// An open file.
pub trait OpenFile {
    /// Its size, and when it was changed.
    fn stamp(&mut self) -> LocalBoxFuture<'_, Result<Stamp, FileFault>>;

    /// Reads so many bytes from a place on; fewer at the end.
    fn read(&mut self, at: u64, length: usize) -> LocalBoxFuture<'_, Result<Vec<u8>, FileFault>>;

    /// Writes at a place.
    fn write(&mut self, at: u64, bytes: Vec<u8>) -> LocalBoxFuture<'_, Result<(), FileFault>>;

    /// Cuts it to this length.
    fn cut(&mut self, length: u64) -> LocalBoxFuture<'_, Result<(), FileFault>>;

    /// Ready when everything that was written before is on disk. More may be written meanwhile.
    fn sync(&self) -> LocalBoxFuture<'static, Result<(), FileFault>>;
}

/// What tells whether a file is as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Its size, in bytes.
    pub size: u64,
    /// When it was changed, in nanoseconds since 1970; 0 where that is not known.
    pub changed_ns: u64,
}

/// Why a file can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileFault {
    /// There is none.
    #[error("there is no such file")]
    NotFound,
    /// It is a folder, or a device.
    #[error("it is no file that can be read to its end")]
    NotAFile,
    /// The system does not allow it.
    #[error("the system does not allow it")]
    Denied,
    /// The disk is full.
    #[error("the disk is full")]
    NoSpace,
    /// The disk has not the room for it.
    #[error("it needs {needed} bytes more, and the disk has room for {room}")]
    DiskHasNoRoom {
        /// What is to be written of it, in bytes: all, for what was there of it is removed.
        needed: u64,
        /// So many bytes can be written, without what stays free for the profile's database.
        room: u64,
    },
    /// It is larger than what the browser keeps for the page still.
    #[error("it has {size} bytes, and this browser has room for {free} more")]
    NoRoom {
        /// Its size.
        size: u64,
        /// So many bytes can be kept.
        free: u64,
    },
    /// This platform has no such files.
    #[error("this is not possible here yet")]
    Unsupported,
    /// Something else.
    #[error("{0}")]
    Other(String),
}

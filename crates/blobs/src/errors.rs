//! What may go wrong, in words that an operator can act on and that hold nothing of keys or answers.

use std::error::Error;
use std::io;

use object_store::client::{HttpError, HttpErrorKind};

/// A fault of blobs.
#[derive(Debug, Clone, thiserror::Error)]
pub enum BlobError {
    /// The bytes that were asked for are not there, or not all of them.
    #[error("the blob is not there, or not all of it")]
    NotThere,
    /// Other bytes stand at this place.
    #[error("other bytes stand at this place of the blob")]
    Occupied,
    /// A piece without bytes, or with too many.
    #[error("a piece has 1 to 8388608 bytes")]
    PieceSize,
    /// The blob has as many pieces as it may.
    #[error("the blob has more pieces than are read")]
    TooManyPieces,
    /// What was read is not what was written.
    #[error("the storage gave back other bytes than it was given")]
    Altered,
    /// No space left.
    #[error("the disk is full: free some space")]
    Full,
    /// The storage does not answer.
    #[error("the storage cannot be reached: look at its endpoint and the network")]
    Unreachable,
    /// The access key is not taken, or may not do this.
    #[error(
        "the storage refuses the access key: look at AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and what the key may do"
    )]
    Refused,
    /// The folder does not let itself be written or read.
    #[error("the folder: {0}")]
    Folder(String),
    /// The address is not whole.
    #[error("{0}")]
    Address(String),
    /// Anything else.
    #[error("the storage answered with an error ({0})")]
    Other(&'static str),
}

/// The result of a method of blobs.
pub type BlobResult<T> = Result<T, BlobError>;

impl From<object_store::Error> for BlobError {
    /// The answer of an S3 storage is left out: where a signature is refused it repeats the access key.
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::NotThere,
            object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. } => Self::Occupied,
            object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => Self::Refused,
            object_store::Error::Generic { store, source } => of_cause(store, &*source),
            _ => Self::Other("an unusual one"),
        }
    }
}

/// What a disk says.
pub(crate) fn of_disk(error: &io::Error) -> BlobError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => BlobError::Full,
        io::ErrorKind::NotFound => BlobError::NotThere,
        kind => BlobError::Folder(kind.to_string()),
    }
}

fn of_cause(store: &'static str, source: &(dyn Error + 'static)) -> BlobError {
    let mut cause = Some(source);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return of_disk(error);
        }
        if let Some(error) = error.downcast_ref::<HttpError>() {
            return match error.kind() {
                HttpErrorKind::Decode | HttpErrorKind::Unknown => BlobError::Other(store),
                _ => BlobError::Unreachable,
            };
        }
        cause = error.source();
    }
    BlobError::Other(store)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write as _;

    use super::*;

    /// Whatever stands between the disk and what comes of it.
    #[derive(Debug, thiserror::Error)]
    #[error("a piece could not be written")]
    struct Writing(#[source] io::Error);

    #[test]
    #[cfg(target_os = "linux")]
    fn a_disk_without_room_is_known_as_that_however_deep_it_is_said() {
        // The device that has no room, ever: so says the system itself.
        let mut full = File::options().write(true).open("/dev/full").expect("the device");
        let mut no_room = || full.write_all(b"a piece").expect_err("no room");
        let sources: [Box<dyn Error + Send + Sync>; 2] = [no_room().into(), Writing(no_room()).into()];
        for source in sources {
            let error = object_store::Error::Generic { store: "LocalFileSystem", source };
            assert!(matches!(BlobError::from(error), BlobError::Full));
        }
    }
}

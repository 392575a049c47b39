//! The history archive: what an account's devices have of its conversations, sealed in segments that the server keeps, so
//! that a device which comes later finds it.
//!
//! - A [segment](SealedSegment) has two parts. Its [outline](Outline) says which places of which logs it covers, and opens
//!   for every device of the account: so devices see what is there already, and which segment a deleted message stands in.
//!   Its body holds the [records](Record), and is sealed to the [public key](ArchiveKey) of the archive's generation:
//!   devices can add to it and read nothing. What opens it comes of the vault, for a restore, and is dropped behind it.
//! - A [head](Head) says of which segments the archive consists, and is signed by the device that made it. Heads are
//!   numbered, and a segment has the number of the head that brought it in. So segments that are left out, put in, moved
//!   or older than others are noticed.
//!
//! What devices tell each other of an archive is its [agreement](ArchiveAgreement), in the sealed account state.
//!
//! Nothing enters an archive that does not stay: [`Record::check`].

mod agreement;
mod coverage;
mod head;
mod keys;
mod records;
mod segment;
#[cfg(test)]
mod tests;

use huis_proto::codec::CodecError;
use huis_proto::labels::BadSignature;
use huis_proto::{AccountId, DeviceId};

pub use self::agreement::{ArchiveAgreement, NotedHead};
pub use self::coverage::{Coverage, restore_order};
pub use self::head::{Entry, Head, KnownHead, ShownHead, check_entries, digest, open_head, peek_head};
pub use self::keys::{ArchiveKey, OpeningKey};
pub use self::records::{ArchivedMarks, ArchivedMessage, ArchivedReading, Record, RecordError};
pub use self::segment::{
    MOST_RECORDS, MOST_SPANS, Opened, Outline, RECORDS_BYTES, SealedSegment, Slot, Span, open_outline,
};

/// The version byte of everything here, which every binding names too.
const VERSION: u8 = 1;

/// Why something of an archive is neither made nor taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// The key is another one, or the bytes were changed, or they stand at another number or in another account's archive.
    #[error("segment {number} of the archive does not open: the server changed it, or gave another one in its place")]
    NotOpened {
        /// The number at which it was given.
        number: u64,
    },
    /// Sealed to another generation's key.
    #[error(
        "the segment was sealed in generation {found} of the archive's keys, and this key is of generation {known}"
    )]
    OtherGeneration {
        /// The segment's generation.
        found: u64,
        /// The key's.
        known: u64,
    },
    /// The bytes of a key are none.
    #[error("the key of the archive's generation {0} is none")]
    NoKey(u64),
    /// More than a segment takes.
    #[error("the {what} would have {count}; a segment of the archive has {most} at most")]
    TooMuch {
        /// Which part, and what is counted of it.
        what: &'static str,
        /// How many.
        count: usize,
        /// The most.
        most: usize,
    },
    /// Something that an archive does not hold.
    #[error("what was to be archived does not belong there: {0}")]
    Record(#[from] RecordError),
    /// Not signed by the device that it names.
    #[error("the archive's head is not signed by the device that it names")]
    Signature(#[from] BadSignature),
    /// A device that is not on the account's list.
    #[error("the archive's head was made by device {0}, which is none of the account's")]
    UnknownDevice(DeviceId),
    /// Another account's head.
    #[error("the archive's head belongs to account {0}")]
    OtherAccount(AccountId),
    /// A lower number than is known: an old copy.
    #[error("the server gave head {found} of the archive, but head {known} was seen before")]
    Rollback {
        /// The number of what was given.
        found: u64,
        /// The highest number that was seen.
        known: u64,
    },
    /// Two heads of one number, or one that follows another than the known one.
    #[error(
        "the server showed two archives: head {number} is not the one, or does not follow the one, that was seen before"
    )]
    Forked {
        /// The number of what was given.
        number: u64,
    },
    /// The server left segments out, or gave others.
    #[error("the segments that the server gave are not those that head {number} of the archive names")]
    OtherSegments {
        /// The head's number.
        number: u64,
    },
    /// Not the form.
    #[error("the archive can't be read: {0}")]
    Form(#[from] CodecError),
}

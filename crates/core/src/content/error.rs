//! Why content is not sealed or read.

use huis_proto::codec::CodecError;
use huis_proto::limits;

use super::{LONGEST_PLAY_MS, LONGEST_TIMER_S, MENTIONS, PEAKS, RECEIPTS, SHORTEST_TIMER_S};
use crate::card::CardError;
use crate::time_locks::SEALED_SECRET;

/// Why content is not sealed or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContentError {
    /// There is nothing in it.
    #[error("the {0} is empty")]
    Empty(&'static str),
    /// Longer than allowed.
    #[error("the {what} has {bytes} bytes; at most {most} are allowed")]
    TooLong {
        /// Which part.
        what: &'static str,
        /// Its size.
        bytes: usize,
        /// The most that is allowed.
        most: usize,
    },
    /// More items than allowed.
    #[error("{count} messages in one receipt; at most {RECEIPTS} are allowed")]
    TooMany {
        /// How many.
        count: usize,
    },
    /// More accounts than one text may name.
    #[error("the text names {count} accounts; at most {MENTIONS} are allowed")]
    TooManyMentions {
        /// How many.
        count: usize,
    },
    /// More files than one message may bring.
    #[error("{count} files; one message brings at most {}", limits::FILES_PER_MESSAGE)]
    TooManyFiles {
        /// How many.
        count: usize,
    },
    /// Larger than any file that can be sealed.
    #[error("the file has {size} bytes; at most {} can be sealed", crate::files::LARGEST)]
    FileTooLarge {
        /// Its size.
        size: u64,
    },
    /// One file stands twice in a message.
    #[error("one file stands twice in the message")]
    FileTwice,
    /// Not a media type.
    #[error("a media type is like text/plain, in lower case and without parameters")]
    MediaType,
    /// Not a picture, or one without measures.
    #[error("a thumbnail is a PNG, JPEG or WebP with the measures of the picture that it is made of")]
    Thumbnail,
    /// Longer than a file may be said to play.
    #[error("a file plays at most {} hours", LONGEST_PLAY_MS / 3_600_000)]
    PlaysTooLong,
    /// Not 1 to [`PEAKS`] parts.
    #[error("how loud a file is is said in 1 to {PEAKS} parts")]
    Peaks,
    /// Not one emoji.
    #[error("a reaction is one emoji")]
    NotAnEmoji,
    /// Of another kind than those that can be locked.
    #[error("only a text or files can be locked until a time")]
    NotLocked,
    /// What is sealed for a beacon has another length.
    #[error("what is sealed for a beacon has {SEALED_SECRET} bytes")]
    NotSealedForABeacon,
    /// Shorter or longer than a timer may be.
    #[error("a timer of {after_s} seconds; it has {SHORTEST_TIMER_S} to {LONGEST_TIMER_S}")]
    Timer {
        /// What it has.
        after_s: u64,
    },
    /// Content of an unknown kind cannot be made here.
    #[error("content of the kind {0:?} can't be made by this version")]
    NotMadeHere(String),
    /// The bytes are not content.
    #[error("the content can't be read: {0}")]
    Form(#[from] CodecError),
    /// A card breaks its rules.
    #[error("{0}")]
    Card(#[from] CardError),
    /// The padding is not zeros up to the next power of two.
    #[error("the padding is wrong")]
    Padding,
}

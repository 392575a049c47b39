//! What an archive holds, one record for each thing.

use std::fmt;

use huis_proto::codec::{self, CodecError};
use huis_proto::{Bytes, Bytes32, ConversationId, Member, MessageId, limits};
use serde::{Deserialize, Serialize};

use crate::annotations::{Marks, MessageRef, Place};
use crate::content::{Content, ContentError};

/// One thing that is archived. It counts as one's own devices saw it: members' signatures are not kept with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Record {
    /// A message that is in the log.
    Message(Box<ArchivedMessage>),
    /// What was done to a message whose own record stands in another segment. [Merged](Marks::merge) with what is known.
    Marks(Box<ArchivedMarks>),
    /// How far a conversation was read; never goes down.
    Read(ArchivedReading),
}

/// A message, as it stands in the log and in the database.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchivedMessage {
    /// Where it was said.
    pub conversation: ConversationId,
    /// Its id.
    pub id: MessageId,
    /// Who wrote it.
    pub author: Member,
    /// Its place in the log.
    pub seq: u64,
    /// When it was written, by the author's clock, in milliseconds since 1970.
    pub sent_ms: u64,
    /// When the server got it, in milliseconds since 1970.
    pub received_ms: u64,
    /// What it says: the bytes of a text, or of files with their keys.
    pub content: Bytes,
    /// The opening of its franking commitment, for a report.
    pub opening: Option<Bytes32>,
    /// The server's MAC over its place, for a report.
    pub mac: Option<Bytes32>,
    /// Whether the author's device was on its account's list.
    pub author_listed: bool,
    /// What was done to it.
    #[serde(default)]
    pub marks: Marks,
}

/// What was done to a message: edits, reactions, pins, or that it was taken back.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchivedMarks {
    /// Where.
    pub conversation: ConversationId,
    /// To which message.
    pub target: MessageRef,
    /// What it comes to.
    pub marks: Marks,
}

/// How far a conversation was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchivedReading {
    /// Which one.
    pub conversation: ConversationId,
    /// The place in the log of the last message of others that was read.
    pub up_to: u64,
    /// When that one was read, by the server's clock; 0 where it is not known.
    pub at_ms: u64,
}

/// Why something does not belong into an archive.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// It has a timer, or is opened once.
    #[error("it does not stay")]
    DoesNotStay,
    /// It is locked still.
    #[error("it opens later")]
    Locked,
    /// It was taken back.
    #[error("it was deleted")]
    Deleted,
    /// Neither a text nor files, or a kind of which this version does not know whether it stays.
    #[error("it is no message that stays")]
    NoMessage,
    /// Something that is not in the log yet.
    #[error("it is not in the log yet")]
    NotInLog,
    /// More bytes than the log takes.
    #[error("it has {0} bytes, more than the log takes")]
    TooLarge(usize),
    /// Content that breaks the rules.
    #[error("it breaks the rules: {0}")]
    Content(#[from] ContentError),
}

impl Record {
    /// Whether it belongs into an archive. Looked at where one is sealed, and where one is opened: a device that errs puts
    /// nothing in front of the others.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn check(&self) -> Result<(), RecordError> {
        match self {
            Self::Message(message) => message.check(),
            Self::Marks(marks) => check_marks(&marks.marks),
            Self::Read(_) => Ok(()),
        }
    }

    pub(super) fn to_bytes(&self) -> Bytes {
        Bytes(codec::to_cbor(self))
    }

    /// None for a kind of a later version.
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Option<Self>, CodecError> {
        match codec::from_cbor(bytes) {
            Ok(record) => Ok(Some(record)),
            Err(CodecError::UnknownVariant) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl ArchivedMessage {
    fn check(&self) -> Result<(), RecordError> {
        if self.content.len() > limits::LOG_PAYLOAD {
            return Err(RecordError::TooLarge(self.content.len()));
        }
        if self.marks.deleted().is_some() {
            return Err(RecordError::Deleted);
        }
        check_marks(&self.marks)?;
        match Content::from_bytes(&self.content)? {
            Content::Timed(_) => Err(RecordError::Locked),
            Content::Text { stay, .. } | Content::Files { stay, .. } if stay.ends() => Err(RecordError::DoesNotStay),
            Content::Text { .. } | Content::Files { .. } => Ok(()),
            _ => Err(RecordError::NoMessage),
        }
    }
}

fn check_marks(marks: &Marks) -> Result<(), RecordError> {
    let newest = Place { seq: marks.newest(), ..Place::before_the_log() };
    if newest.is_waiting() { Err(RecordError::NotInLog) } else { Ok(()) }
}

/// Without what it says, and without the opening.
impl fmt::Debug for ArchivedMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (conversation, seq) = (self.conversation, self.seq);
        f.debug_struct("ArchivedMessage")
            .field("conversation", &conversation)
            .field("seq", &seq)
            .finish_non_exhaustive()
    }
}

/// Without what was done, which may be another text.
impl fmt::Debug for ArchivedMarks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (conversation, target) = (self.conversation, self.target);
        f.debug_struct("ArchivedMarks")
            .field("conversation", &conversation)
            .field("target", &target)
            .finish_non_exhaustive()
    }
}

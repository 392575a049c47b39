//! What a message says, and the envelope around it inside the seal.
//!
//! Content is a version byte and CBOR of one named variant. A variant or version that is not known here is kept as
//! [`Content::Unknown`]: an older client says that it can't show something, and loses nothing.

use std::collections::BTreeMap;

use huis_proto::codec::{self, CodecError};
use huis_proto::{AccountId, BlobId, Bytes, Bytes32, MessageId, TimeLock, TimeShare, limits};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::annotations::MessageRef;
use crate::card::Card;
use crate::time_locks::{BeaconLock, Timed};

mod emoji;
mod envelope;
mod error;
mod files;
mod staying;

pub use self::emoji::is_emoji;
pub(crate) use self::envelope::Envelope;
pub use self::envelope::{Draft, FrankingOpening, LEAST_PADDED, franking_commitment, franking_holds};
pub use self::error::ContentError;
pub use self::files::{
    CAPTION, FILE_NAME, LONGEST_PLAY_MS, MEDIA_TYPE, PEAKS, SharedFile, THUMBNAIL, THUMBNAILS, Thumbnail, UNKNOWN_TYPE,
    is_media_type,
};
pub use self::staying::{CountedFrom, LONGEST_TIMER_S, SHORTEST_TIMER_S, Stay, Timer, TimerSetting};

/// The version byte of content.
const CONTENT: u8 = 1;
/// The most messages that one receipt names.
pub const RECEIPTS: usize = 1024;
/// The longest title of a conversation or name on a card, in bytes of UTF-8.
pub const TITLE: usize = 256;
/// The longest topic of a conversation or text about oneself, in bytes of UTF-8.
pub const TOPIC: usize = 4096;
/// The longest reaction, in bytes of UTF-8.
pub const REACTION: usize = 64;
/// The most accounts that one text names.
pub const MENTIONS: usize = 64;
/// The longest excerpt of a message that is answered, in bytes of UTF-8.
pub const EXCERPT: usize = 512;

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Content {
    /// A text.
    Text {
        /// UTF-8, 1 byte to [`limits::MESSAGE_TEXT`].
        body: String,
        /// Whom it names, at most [`MENTIONS`].
        mentions: Vec<AccountId>,
        /// What it answers.
        reply_to: Option<Quote>,
        /// Whether it was said elsewhere first.
        forwarded: bool,
        /// How long it stays.
        stay: Stay,
    },
    /// Files, and what is said with them.
    Files {
        /// The files, 1 to [`limits::FILES_PER_MESSAGE`].
        files: Vec<SharedFile>,
        /// A text beside them, at most [`CAPTION`] bytes of UTF-8; empty for none.
        body: String,
        /// Whom it names, at most [`MENTIONS`].
        mentions: Vec<AccountId>,
        /// What it answers.
        reply_to: Option<Quote>,
        /// Whether they were sent elsewhere first.
        forwarded: bool,
        /// How long they stay.
        stay: Stay,
    },
    /// Messages have arrived, or were read.
    Receipt {
        /// Which of the two.
        kind: ReceiptKind,
        /// The messages, at most [`RECEIPTS`].
        messages: Vec<MessageId>,
    },
    /// Title, topic and timer of the conversation, as they stand from here on.
    Settings {
        /// The title; none leaves it as it is.
        title: Option<String>,
        /// The topic; none leaves it as it is, an empty one takes it away.
        topic: Option<String>,
        /// After how long messages vanish; none leaves it as it is.
        timer: Option<TimerSetting>,
    },
    /// Another text in place of an own message's.
    Edit {
        /// The message.
        target: MessageRef,
        /// The text that it has from here on.
        body: String,
        /// Whom it names from here on, at most [`MENTIONS`].
        mentions: Vec<AccountId>,
        /// Whether the message does not stay: then a device that does not have it keeps nothing of this.
        vanishes: bool,
    },
    /// A message is taken back.
    Delete {
        /// The message.
        target: MessageRef,
    },
    /// The author's reaction to a message, in place of the one before.
    Reaction {
        /// The message.
        target: MessageRef,
        /// [One emoji](is_emoji), at most [`REACTION`] bytes; none takes the reaction back.
        emoji: Option<String>,
    },
    /// A message is kept at hand for everybody, or no longer.
    Pin {
        /// The message.
        target: MessageRef,
        /// Which of the two.
        pinned: bool,
    },
    /// What the author shows of itself.
    Card(Card),
    /// A text or files that open later.
    Timed(Timed),
    /// Something that this version does not know.
    Unknown {
        /// Its name.
        kind: String,
    },
}

/// What a text answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// The message.
    pub target: MessageRef,
    /// How it begins, at most [`EXCERPT`] bytes: for those who do not have it.
    pub excerpt: String,
}

/// What a receipt says of its messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReceiptKind {
    /// They are on the device.
    Delivered,
    /// A person has seen them.
    Read,
}

/// The known variants, as they travel.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Wire {
    Text {
        body: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        mentions: Vec<AccountId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_to: Option<Quote>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        forwarded: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timer: Option<Timer>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        once: bool,
    },
    File {
        files: Vec<SharedFile>,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        body: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        mentions: Vec<AccountId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_to: Option<Quote>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        forwarded: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timer: Option<Timer>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        once: bool,
    },
    Receipt {
        kind: ReceiptKind,
        messages: Vec<MessageId>,
    },
    Settings {
        title: Option<String>,
        topic: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timer: Option<TimerSetting>,
    },
    Edit {
        target: MessageRef,
        body: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        mentions: Vec<AccountId>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        vanishes: bool,
    },
    Delete {
        target: MessageRef,
    },
    Reaction {
        target: MessageRef,
        emoji: Option<String>,
    },
    Pin {
        target: MessageRef,
        pinned: bool,
    },
    Card(Card),
    Timed {
        at: u64,
        by: Bytes32,
        share: TimeShare,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        files: Vec<BlobId>,
        sealed: Bytes,
    },
    TimedDrand {
        at: u64,
        chain: Bytes32,
        by: Bytes32,
        beacon: Bytes,
        share: TimeShare,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        files: Vec<BlobId>,
        sealed: Bytes,
    },
}

const KINDS: [&str; 11] =
    ["text", "file", "receipt", "settings", "edit", "delete", "reaction", "pin", "card", "timed", "timed-drand"];

impl Content {
    /// A text message that names nobody and answers nothing.
    ///
    /// # Errors
    /// [`ContentError::Empty`] or [`ContentError::TooLong`].
    pub fn text(body: impl Into<String>) -> Result<Self, ContentError> {
        let content = Self::Text {
            body: body.into(),
            mentions: Vec::new(),
            reply_to: None,
            forwarded: false,
            stay: Stay::default(),
        };
        content.check()?;
        Ok(content)
    }

    /// The content's bytes: what the franking commitment covers.
    ///
    /// # Errors
    /// [`ContentError`] where a part is empty or over-long, or the kind is unknown.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ContentError> {
        self.check()?;
        Ok(codec::to_versioned(CONTENT, &self.clone().into_wire()?))
    }

    /// Reads content. Another version or kind is [`Content::Unknown`], not an error.
    ///
    /// # Errors
    /// [`ContentError`] for malformed bytes, or a known kind that breaks its limits.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ContentError> {
        let (version, rest) = bytes.split_first().ok_or_else(|| CodecError::Malformed("nothing there".into()))?;
        if *version != CONTENT {
            return Ok(Self::Unknown { kind: format!("version {version}") });
        }
        let named: BTreeMap<String, IgnoredAny> = codec::from_cbor(rest)?;
        let kind = match (named.len(), named.into_keys().next()) {
            (1, Some(kind)) => kind,
            _ => return Err(CodecError::Malformed("content has one kind".into()).into()),
        };
        if !KINDS.contains(&kind.as_str()) {
            return Ok(Self::Unknown { kind });
        }
        let content = Self::from_wire(codec::from_cbor(rest)?)?;
        content.check()?;
        Ok(content)
    }

    /// The files that it brings.
    pub fn files(&self) -> &[SharedFile] {
        match self {
            Self::Files { files, .. } => files,
            _ => &[],
        }
    }

    /// What it says in words; none where it is no message.
    pub fn body(&self) -> Option<&str> {
        match self {
            Self::Text { body, .. } | Self::Files { body, .. } => Some(body),
            _ => None,
        }
    }

    /// How long it stays; none for what is said neither as a text nor as files.
    pub fn stay(&self) -> Option<Stay> {
        match self {
            Self::Text { stay, .. } | Self::Files { stay, .. } => Some(*stay),
            _ => None,
        }
    }

    /// As it is, staying as long as this.
    #[must_use]
    pub fn staying(mut self, wished: Stay) -> Self {
        if let Self::Text { stay, .. } | Self::Files { stay, .. } = &mut self {
            *stay = wished;
        }
        self
    }

    /// What it answers.
    pub fn reply_to(&self) -> Option<&Quote> {
        match self {
            Self::Text { reply_to, .. } | Self::Files { reply_to, .. } => reply_to.as_ref(),
            _ => None,
        }
    }

    /// As it is without the words that it quotes, where it quotes any.
    pub fn without_excerpt(mut self) -> Option<Self> {
        let (Self::Text { reply_to, .. } | Self::Files { reply_to, .. }) = &mut self else { return None };
        let quote = reply_to.as_mut().filter(|quote| !quote.excerpt.is_empty())?;
        quote.excerpt.clear();
        Some(self)
    }

    /// What the server is told of the files that it brings.
    pub(crate) fn blobs(&self) -> Vec<BlobId> {
        match self {
            Self::Timed(timed) => timed.files.clone(),
            _ => self.files().iter().map(|file| file.id).collect(),
        }
    }

    /// What the server is told of when it opens, where it is locked by the server's share. Of another lock it is told nothing.
    pub(crate) fn time_lock(&self) -> Option<TimeLock> {
        match self {
            Self::Timed(timed) if timed.beacon.is_none() => Some(timed.lock),
            _ => None,
        }
    }

    /// Whether it is locked as the server was told. Of a kind that is not known here that cannot be said.
    pub(crate) fn is_locked_by(&self, lock: Option<&TimeLock>) -> bool {
        matches!(self, Self::Unknown { .. }) || self.time_lock().as_ref() == lock
    }

    /// Whether these are the files that the server was told of. What a kind brings that is not known here cannot be said.
    pub(crate) fn brings(&self, blobs: &[BlobId]) -> bool {
        matches!(self, Self::Unknown { .. }) || self.blobs() == blobs
    }

    fn check(&self) -> Result<(), ContentError> {
        match self {
            Self::Text { body, mentions, reply_to, stay, .. } => {
                full("text", body)?;
                stay.check()?;
                check_text(body, mentions, limits::MESSAGE_TEXT)?;
                check_quote(reply_to.as_ref())
            }
            Self::Files { files, body, mentions, reply_to, stay, .. } => {
                files::check(files)?;
                stay.check()?;
                check_text(body, mentions, CAPTION)?;
                check_quote(reply_to.as_ref())
            }
            Self::Edit { body, mentions, .. } => {
                full("text", body)?;
                check_text(body, mentions, limits::MESSAGE_TEXT)
            }
            Self::Receipt { messages, .. } => match messages.len() {
                0 => Err(ContentError::Empty("receipt")),
                1..=RECEIPTS => Ok(()),
                count => Err(ContentError::TooMany { count }),
            },
            Self::Settings { title, topic, timer } => {
                optional("title", title, TITLE)?;
                optional("topic", topic, TOPIC)?;
                timer.map_or(Ok(()), TimerSetting::check)
            }
            Self::Reaction { emoji: Some(emoji), .. } if !is_emoji(emoji) => Err(ContentError::NotAnEmoji),
            Self::Card(card) => Ok(card.check()?),
            Self::Timed(timed) => timed.check(),
            Self::Reaction { .. } | Self::Delete { .. } | Self::Pin { .. } | Self::Unknown { .. } => Ok(()),
        }
    }

    fn into_wire(self) -> Result<Wire, ContentError> {
        Ok(match self {
            Self::Text { body, mentions, reply_to, forwarded, stay: Stay { timer, once } } => {
                Wire::Text { body, mentions, reply_to, forwarded, timer, once }
            }
            Self::Files { files, body, mentions, reply_to, forwarded, stay: Stay { timer, once } } => {
                Wire::File { files, body, mentions, reply_to, forwarded, timer, once }
            }
            Self::Receipt { kind, messages } => Wire::Receipt { kind, messages },
            Self::Settings { title, topic, timer } => Wire::Settings { title, topic, timer },
            Self::Edit { target, body, mentions, vanishes } => Wire::Edit { target, body, mentions, vanishes },
            Self::Delete { target } => Wire::Delete { target },
            Self::Reaction { target, emoji } => Wire::Reaction { target, emoji },
            Self::Pin { target, pinned } => Wire::Pin { target, pinned },
            Self::Card(card) => Wire::Card(card),
            Self::Timed(Timed { lock: TimeLock { unlocks_at_ms: at, share: by }, beacon, share, files, sealed }) => {
                match beacon {
                    None => Wire::Timed { at, by, share, files, sealed },
                    Some(BeaconLock { chain, sealed: beacon }) => {
                        let beacon = Bytes(beacon.to_vec());
                        Wire::TimedDrand { at, chain, by, beacon, share, files, sealed }
                    }
                }
            }
            Self::Unknown { kind } => return Err(ContentError::NotMadeHere(kind)),
        })
    }

    fn from_wire(wire: Wire) -> Result<Self, ContentError> {
        Ok(match wire {
            Wire::Text { body, mentions, reply_to, forwarded, timer, once } => {
                Self::Text { body, mentions, reply_to, forwarded, stay: Stay { timer, once } }
            }
            Wire::File { files, body, mentions, reply_to, forwarded, timer, once } => {
                let (files, stay) = (files::tidied(files), Stay { timer, once });
                Self::Files { files, body, mentions, reply_to, forwarded, stay }
            }
            Wire::Receipt { kind, messages } => Self::Receipt { kind, messages },
            Wire::Settings { title, topic, timer } => Self::Settings { title, topic, timer },
            Wire::Edit { target, body, mentions, vanishes } => Self::Edit { target, body, mentions, vanishes },
            Wire::Delete { target } => Self::Delete { target },
            Wire::Reaction { target, emoji } => Self::Reaction { target, emoji },
            Wire::Pin { target, pinned } => Self::Pin { target, pinned },
            // Who is called something impossible has no name; what else it says is taken.
            Wire::Card(card) => Self::Card(card.tidied()),
            Wire::Timed { at, by, share, files, sealed } => {
                let lock = TimeLock { unlocks_at_ms: at, share: by };
                Self::Timed(Timed { lock, beacon: None, share, files, sealed })
            }
            Wire::TimedDrand { at, chain, by, beacon, share, files, sealed } => {
                let lock = TimeLock { unlocks_at_ms: at, share: by };
                let secret = beacon.0.try_into().map_err(|_| ContentError::NotSealedForABeacon)?;
                let beacon = Some(BeaconLock { chain, sealed: secret });
                Self::Timed(Timed { lock, beacon, share, files, sealed })
            }
        })
    }
}

/// The beginning of a text, as long as an excerpt may be, cut between characters.
pub fn excerpt(text: &str) -> &str {
    text.get(..text.floor_char_boundary(EXCERPT)).unwrap_or_default()
}

fn check_quote(quote: Option<&Quote>) -> Result<(), ContentError> {
    quote.map_or(Ok(()), |quote| short("excerpt", &quote.excerpt, EXCERPT))
}

fn check_text(body: &str, mentions: &[AccountId], most: usize) -> Result<(), ContentError> {
    short("text", body, most)?;
    let count = mentions.len();
    if count > MENTIONS { Err(ContentError::TooManyMentions { count }) } else { Ok(()) }
}

fn full(what: &'static str, text: &str) -> Result<(), ContentError> {
    if text.is_empty() { Err(ContentError::Empty(what)) } else { Ok(()) }
}

fn short(what: &'static str, text: &str, most: usize) -> Result<(), ContentError> {
    let bytes = text.len();
    if bytes > most { Err(ContentError::TooLong { what, bytes, most }) } else { Ok(()) }
}

fn optional(what: &'static str, text: &Option<String>, most: usize) -> Result<(), ContentError> {
    text.as_ref().map_or(Ok(()), |text| short(what, text, most))
}

#[cfg(test)]
mod tests;

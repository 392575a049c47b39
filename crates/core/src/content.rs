//! What a message says, and the envelope around it inside the seal.
//!
//! Content is a version byte and CBOR of one named variant. A variant or version that is not known here is kept as
//! [`Content::Unknown`]: an older client says that it can't show something, and loses nothing.

use std::collections::BTreeMap;

use hmac::{Hmac, Mac};
use huis_proto::codec::{self, CodecError};
use huis_proto::{Bytes, Bytes32, MessageId, limits};
use rand::{CryptoRng, RngCore};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::history::LastSeen;
use crate::secret::secret_key;

/// The version byte of content.
const CONTENT: u8 = 1;
/// The version byte of the envelope.
const ENVELOPE: u8 = 1;
/// The least size of what is sealed; sizes are powers of two from here.
pub const LEAST_PADDED: usize = 256;
/// The most messages that one receipt names.
pub const RECEIPTS: usize = 1024;
/// The longest title of a conversation or name of a profile, in bytes of UTF-8.
pub const TITLE: usize = 256;
/// The longest topic of a conversation or text about oneself, in bytes of UTF-8.
pub const TOPIC: usize = 4096;
/// The longest reaction, in bytes of UTF-8.
pub const REACTION: usize = 64;

secret_key!(
    /// Opens the commitment to a message's content. Whoever has it can prove what was said: it leaves the device only
    /// in a report.
    FrankingOpening
);

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Content {
    /// A text.
    Text {
        /// UTF-8, 1 byte to [`limits::MESSAGE_TEXT`].
        body: String,
    },
    /// Messages have arrived, or were read.
    Receipt {
        /// Which of the two.
        kind: ReceiptKind,
        /// The messages, at most [`RECEIPTS`].
        messages: Vec<MessageId>,
    },
    /// Title and topic of the conversation, as they stand from here on.
    Settings {
        /// The title; none clears it.
        title: Option<String>,
        /// The topic; none clears it.
        topic: Option<String>,
    },
    /// A text in answer to a message.
    Reply {
        /// The message that is answered.
        to: MessageId,
        /// The text.
        body: String,
    },
    /// Another text in place of an own message's.
    Edit {
        /// The message.
        message: MessageId,
        /// The text that it has from here on.
        body: String,
    },
    /// A message is taken back.
    Delete {
        /// The message.
        message: MessageId,
    },
    /// A reaction to a message is set or taken back.
    Reaction {
        /// The message.
        message: MessageId,
        /// An emoji, at most [`REACTION`] bytes.
        emoji: String,
        /// Whether it is taken back.
        withdrawn: bool,
    },
    /// How the author wants to be called.
    Profile {
        /// A name as a person writes it.
        name: Option<String>,
        /// A text about oneself.
        about: Option<String>,
    },
    /// Something that this version does not know.
    Unknown {
        /// Its name.
        kind: String,
    },
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
    /// Content of an unknown kind cannot be made here.
    #[error("content of the kind {0:?} can't be made by this version")]
    NotMadeHere(String),
    /// The bytes are not content.
    #[error("the content can't be read: {0}")]
    Form(#[from] CodecError),
    /// The padding is not zeros up to the next power of two.
    #[error("the padding is wrong")]
    Padding,
}

/// The known variants, as they travel.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Wire {
    Text { body: String },
    Receipt { kind: ReceiptKind, messages: Vec<MessageId> },
    Settings { title: Option<String>, topic: Option<String> },
    Reply { to: MessageId, body: String },
    Edit { message: MessageId, body: String },
    Delete { message: MessageId },
    Reaction { message: MessageId, emoji: String, withdrawn: bool },
    Profile { name: Option<String>, about: Option<String> },
}

const KINDS: [&str; 8] = ["text", "receipt", "settings", "reply", "edit", "delete", "reaction", "profile"];

impl Content {
    /// A text message.
    ///
    /// # Errors
    /// [`ContentError::Empty`] or [`ContentError::TooLong`].
    pub fn text(body: impl Into<String>) -> Result<Self, ContentError> {
        let content = Self::Text { body: body.into() };
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
        let content = Self::from_wire(codec::from_cbor(rest)?);
        content.check()?;
        Ok(content)
    }

    fn check(&self) -> Result<(), ContentError> {
        match self {
            Self::Text { body } | Self::Reply { body, .. } | Self::Edit { body, .. } => {
                full("text", body)?;
                short("text", body, limits::MESSAGE_TEXT)
            }
            Self::Receipt { messages, .. } => match messages.len() {
                0 => Err(ContentError::Empty("receipt")),
                1..=RECEIPTS => Ok(()),
                count => Err(ContentError::TooMany { count }),
            },
            Self::Settings { title, topic } => optional("title", title, TITLE).and(optional("topic", topic, TOPIC)),
            Self::Reaction { emoji, .. } => {
                full("reaction", emoji)?;
                short("reaction", emoji, REACTION)
            }
            Self::Profile { name, about } => optional("name", name, TITLE).and(optional("about", about, TOPIC)),
            Self::Delete { .. } | Self::Unknown { .. } => Ok(()),
        }
    }

    fn into_wire(self) -> Result<Wire, ContentError> {
        Ok(match self {
            Self::Text { body } => Wire::Text { body },
            Self::Receipt { kind, messages } => Wire::Receipt { kind, messages },
            Self::Settings { title, topic } => Wire::Settings { title, topic },
            Self::Reply { to, body } => Wire::Reply { to, body },
            Self::Edit { message, body } => Wire::Edit { message, body },
            Self::Delete { message } => Wire::Delete { message },
            Self::Reaction { message, emoji, withdrawn } => Wire::Reaction { message, emoji, withdrawn },
            Self::Profile { name, about } => Wire::Profile { name, about },
            Self::Unknown { kind } => return Err(ContentError::NotMadeHere(kind)),
        })
    }

    fn from_wire(wire: Wire) -> Self {
        match wire {
            Wire::Text { body } => Self::Text { body },
            Wire::Receipt { kind, messages } => Self::Receipt { kind, messages },
            Wire::Settings { title, topic } => Self::Settings { title, topic },
            Wire::Reply { to, body } => Self::Reply { to, body },
            Wire::Edit { message, body } => Self::Edit { message, body },
            Wire::Delete { message } => Self::Delete { message },
            Wire::Reaction { message, emoji, withdrawn } => Self::Reaction { message, emoji, withdrawn },
            Wire::Profile { name, about } => Self::Profile { name, about },
        }
    }
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

/// The commitment that stands in the clear beside a sealed message: HMAC-SHA256 of the content's bytes.
pub fn franking_commitment(opening: &FrankingOpening, content_bytes: &[u8]) -> Bytes32 {
    Bytes32(franking_mac(opening, content_bytes).finalize().into_bytes().into())
}

/// Whether `commitment` is the one to these bytes under this opening; compared in constant time.
pub fn franking_holds(opening: &FrankingOpening, content_bytes: &[u8], commitment: &Bytes32) -> bool {
    franking_mac(opening, content_bytes).verify_slice(&commitment.0).is_ok()
}

#[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
fn franking_mac(opening: &FrankingOpening, content_bytes: &[u8]) -> Hmac<Sha256> {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(opening.expose()).expect("HMAC takes a key of any length");
    mac.update(content_bytes);
    mac
}

/// A message that is about to be sealed.
#[derive(Debug, Clone)]
pub struct Draft<'a> {
    /// The message's id; sealing the same content again keeps it.
    pub id: MessageId,
    /// What it says.
    pub content: &'a Content,
    /// When it was written, in milliseconds since 1970, by the server's clock where the own one is off.
    pub sent_at_ms: u64,
    /// The device's counter in this conversation: 1 for its first message, one more with each.
    pub counter: u64,
    /// The last entry of the log that this device has seen; none before the first.
    pub last_seen: Option<LastSeen>,
}

/// What stands inside the seal around the content.
pub(crate) struct Envelope {
    pub(crate) id: MessageId,
    pub(crate) sent_at_ms: u64,
    pub(crate) counter: u64,
    pub(crate) last_seen: Option<LastSeen>,
    pub(crate) opening: FrankingOpening,
    pub(crate) content_bytes: Vec<u8>,
}

/// The names are short because they count: a text of a hundred bytes shall fit into the least size.
#[derive(Serialize, Deserialize)]
struct EnvelopeWire {
    #[serde(rename = "i")]
    id: MessageId,
    #[serde(rename = "t")]
    sent_at_ms: u64,
    #[serde(rename = "n")]
    counter: u64,
    #[serde(rename = "s")]
    last_seen: Option<(u64, Bytes32)>,
    #[serde(rename = "k")]
    opening: Bytes32,
    #[serde(rename = "c")]
    content: Bytes,
}

impl Envelope {
    pub(crate) fn new(rng: &mut (impl RngCore + CryptoRng), draft: &Draft<'_>) -> Result<Self, ContentError> {
        Ok(Self {
            id: draft.id,
            sent_at_ms: draft.sent_at_ms,
            counter: draft.counter,
            last_seen: draft.last_seen,
            opening: FrankingOpening::random(rng),
            content_bytes: draft.content.to_bytes()?,
        })
    }

    pub(crate) fn commitment(&self) -> Bytes32 {
        franking_commitment(&self.opening, &self.content_bytes)
    }

    /// Length (4 bytes, big-endian), version byte and CBOR, zeros up to a power of two.
    pub(crate) fn to_padded(&self) -> Zeroizing<Vec<u8>> {
        let wire = EnvelopeWire {
            id: self.id,
            sent_at_ms: self.sent_at_ms,
            counter: self.counter,
            last_seen: self.last_seen.map(|seen| (seen.seq, seen.hash)),
            opening: Bytes32(*self.opening.expose()),
            content: Bytes(self.content_bytes.clone()),
        };
        let bytes = Zeroizing::new(codec::to_versioned(ENVELOPE, &wire));
        let size = (bytes.len() + 4).next_power_of_two().max(LEAST_PADDED);
        let mut padded = Zeroizing::new(Vec::with_capacity(size));
        padded.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
        padded.extend_from_slice(&bytes);
        padded.resize(size, 0);
        padded
    }

    pub(crate) fn from_padded(padded: &[u8]) -> Result<Self, ContentError> {
        if !padded.len().is_power_of_two() || padded.len() < LEAST_PADDED {
            return Err(ContentError::Padding);
        }
        let (length, rest) = padded.split_first_chunk::<4>().ok_or(ContentError::Padding)?;
        let length = u32::from_be_bytes(*length) as usize;
        let (bytes, padding) = rest.split_at_checked(length).ok_or(ContentError::Padding)?;
        let least = (length + 4).next_power_of_two().max(LEAST_PADDED);
        if padding.iter().any(|byte| *byte != 0) || padded.len() != least {
            return Err(ContentError::Padding);
        }
        let wire: EnvelopeWire = codec::from_versioned(ENVELOPE, bytes)?;
        Ok(Self {
            id: wire.id,
            sent_at_ms: wire.sent_at_ms,
            counter: wire.counter,
            last_seen: wire.last_seen.map(|(seq, hash)| LastSeen { seq, hash }),
            opening: FrankingOpening::from_bytes(&wire.opening.0),
            content_bytes: wire.content.0,
        })
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    fn id(byte: u8) -> MessageId {
        MessageId::from_bytes([byte; 16])
    }

    fn all() -> Vec<Content> {
        let some = |text: &str| Some(text.to_owned());
        vec![
            Content::Text { body: "Grüezi".into() },
            Content::Receipt { kind: ReceiptKind::Delivered, messages: vec![id(1), id(2)] },
            Content::Settings { title: some("Garden"), topic: None },
            Content::Reply { to: id(1), body: "yes".into() },
            Content::Edit { message: id(1), body: "no".into() },
            Content::Delete { message: id(1) },
            Content::Reaction { message: id(1), emoji: "👍".into(), withdrawn: false },
            Content::Profile { name: some("Zoë"), about: None },
        ]
    }

    fn envelope(body: &str) -> Envelope {
        let content = Content::text(body).unwrap();
        let last_seen = Some(LastSeen { seq: 4, hash: Bytes32([5; 32]) });
        let draft = Draft { id: id(9), content: &content, sent_at_ms: 1_700_000_000_000, counter: 3, last_seen };
        Envelope::new(&mut StdRng::seed_from_u64(1), &draft).unwrap()
    }

    #[test]
    fn every_kind_of_content_keeps_its_bytes_and_comes_back() {
        let mut shown = String::new();
        for content in all() {
            let bytes = content.to_bytes().unwrap();
            assert_eq!(Content::from_bytes(&bytes).unwrap(), content);
            shown.extend(bytes.iter().map(|byte| format!("{byte:02x}")));
            shown.push('\n');
        }
        insta::assert_snapshot!(shown);
    }

    #[test]
    fn an_unknown_kind_or_version_is_kept_by_its_name() {
        let future = codec::to_versioned(1, &BTreeMap::from([("hologram", 7)]));
        assert_eq!(Content::from_bytes(&future).unwrap(), Content::Unknown { kind: "hologram".into() });
        assert_eq!(Content::from_bytes(&[2, 0xff]).unwrap(), Content::Unknown { kind: "version 2".into() });
    }

    #[test]
    fn malformed_and_oversized_content_is_refused() {
        let broken = codec::to_versioned(1, &BTreeMap::from([("text", 7)]));
        assert!(matches!(Content::from_bytes(&broken), Err(ContentError::Form(_))));
        assert!(matches!(Content::from_bytes(b""), Err(ContentError::Form(_))));
        assert_eq!(Content::text(""), Err(ContentError::Empty("text")));
        let (bytes, most) = (limits::MESSAGE_TEXT + 1, limits::MESSAGE_TEXT);
        assert_eq!(Content::text("x".repeat(bytes)), Err(ContentError::TooLong { what: "text", bytes, most }));
        let forged = codec::to_versioned(1, &Wire::Text { body: "x".repeat(bytes) });
        assert!(matches!(Content::from_bytes(&forged), Err(ContentError::TooLong { .. })));
        let many = Content::Receipt { kind: ReceiptKind::Read, messages: vec![id(1); RECEIPTS + 1] };
        assert_eq!(many.to_bytes(), Err(ContentError::TooMany { count: RECEIPTS + 1 }));
        let unknown = Content::Unknown { kind: "hologram".into() };
        assert_eq!(unknown.to_bytes(), Err(ContentError::NotMadeHere("hologram".into())));
    }

    #[test]
    fn sizes_are_powers_of_two_and_short_texts_look_alike() {
        assert_eq!(envelope("a").to_padded().len(), LEAST_PADDED);
        assert_eq!(envelope(&"a".repeat(100)).to_padded().len(), LEAST_PADDED);
        assert_eq!(envelope(&"a".repeat(300)).to_padded().len(), 512);
        assert_eq!(envelope(&"a".repeat(limits::MESSAGE_TEXT)).to_padded().len(), 2 * limits::MESSAGE_TEXT);
    }

    #[test]
    fn an_envelope_keeps_its_bytes_and_comes_back() {
        let padded = envelope("hello").to_padded();
        let hex: String = padded.iter().map(|byte| format!("{byte:02x}")).collect();
        insta::assert_snapshot!(hex);
        let back = Envelope::from_padded(&padded).unwrap();
        assert_eq!((back.id, back.counter, back.sent_at_ms), (id(9), 3, 1_700_000_000_000));
        assert_eq!(back.content_bytes, envelope("hello").content_bytes);
        assert!(back.opening == envelope("hello").opening);
    }

    #[test]
    fn padding_carries_nothing() {
        let mut padded = envelope("hello").to_padded();
        *padded.last_mut().unwrap() = 1;
        assert!(matches!(Envelope::from_padded(&padded), Err(ContentError::Padding)));
        let mut longer = envelope("hello").to_padded();
        longer.resize(512, 0);
        assert!(matches!(Envelope::from_padded(&longer), Err(ContentError::Padding)));
        assert!(matches!(Envelope::from_padded(&[0; 255]), Err(ContentError::Padding)));
        assert!(matches!(Envelope::from_padded(&[0xff; 256]), Err(ContentError::Padding)));
    }

    #[test]
    fn a_commitment_holds_for_its_opening_and_content_alone() {
        let opening = FrankingOpening::from_bytes(&[7; 32]);
        let commitment = franking_commitment(&opening, b"content");
        let hex: String = commitment.0.iter().map(|byte| format!("{byte:02x}")).collect();
        insta::assert_snapshot!(hex);
        assert!(franking_holds(&opening, b"content", &commitment));
        assert!(!franking_holds(&opening, b"another", &commitment));
        assert!(!franking_holds(&FrankingOpening::from_bytes(&[8; 32]), b"content", &commitment));
    }
}

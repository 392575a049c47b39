//! The envelope around content inside the seal, its padding, and its franking commitment.

use hmac::{Hmac, Mac};
use huis_proto::codec;
use huis_proto::{Bytes, Bytes32, MessageId};
use rand::{CryptoRng, RngCore};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{Content, ContentError};
use crate::history::LastSeen;
use crate::secret::secret_key;

/// The version byte of the envelope.
const ENVELOPE: u8 = 1;
/// The least size of what is sealed; sizes are powers of two from here.
pub const LEAST_PADDED: usize = 256;

secret_key!(
    /// Opens the commitment to a message's content. Whoever has it can prove what was said: it leaves the device only
    /// in a report.
    FrankingOpening
);

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
    use huis_proto::limits;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    fn id(byte: u8) -> MessageId {
        MessageId::from_bytes([byte; 16])
    }

    fn envelope(body: &str) -> Envelope {
        let content = Content::text(body).unwrap();
        let last_seen = Some(LastSeen { seq: 4, hash: Bytes32([5; 32]) });
        let draft = Draft { id: id(9), content: &content, sent_at_ms: 1_700_000_000_000, counter: 3, last_seen };
        Envelope::new(&mut StdRng::seed_from_u64(1), &draft).unwrap()
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

//! Segments: an outline for the account's devices, and a body for a restore alone.

use std::collections::BTreeMap;

use huis_proto::codec::{self, CodecError};
use huis_proto::{AccountId, Bytes, Bytes32, ConversationId, IncarnationId, limits};
use rand::{CryptoRng, RngCore};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::head::Entry;
use super::{ArchiveError, ArchiveKey, OpeningKey, Record, VERSION};
use crate::account_state::StateKey;
use crate::groups::suite::HpkeSealed;
use crate::sealing;

const OUTLINE_LABEL: &str = "huis archive outline v1";
/// The most spans of one segment.
pub const MOST_SPANS: usize = 256;
/// The most records of one segment.
pub const MOST_RECORDS: usize = 8192;
/// What the records of one segment take together at most, in bytes, with what is put behind them.
pub const RECORDS_BYTES: usize = 512 * 1024;
/// Both parts are padded to steps of so many bytes at least.
const LEAST_STEP: usize = 4096;

/// Where a segment stands: it opens nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// Whose archive.
    pub account: AccountId,
    /// The number of the head that brings it in.
    pub number: u64,
}

/// Places of one conversation's log that a segment covers: it has everything of them that belongs into an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The conversation.
    pub conversation: ConversationId,
    /// In which life of the store the places are counted.
    pub incarnation: IncarnationId,
    /// The first place.
    pub from: u64,
    /// The last one, not below the first.
    pub to: u64,
    /// The place up to which the writer had read the log: what was done up to there to the messages of this span is in it,
    /// and what was taken back up to there is not.
    pub as_of: u64,
}

/// What stands in a segment, for devices that need not, or cannot, open it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    /// When the server got the oldest message in it, in milliseconds since 1970.
    pub from_ms: u64,
    /// When it got the newest one. A restore goes by that, the newest first.
    pub to_ms: u64,
    /// How many records are in it.
    pub records: u64,
    /// What it covers: at most [`MOST_SPANS`], none of one log overlapping.
    pub spans: Vec<Span>,
}

/// A segment as it goes to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedSegment {
    /// The sealed outline, at most [`limits::ARCHIVE_OUTLINE`] bytes.
    pub outline: Bytes,
    /// The sealed body, at most [`limits::ARCHIVE_BODY`] bytes.
    pub body: Bytes,
}

/// What was in a segment's body.
#[derive(Debug, PartialEq, Eq)]
pub struct Opened {
    /// The records that belong there.
    pub records: Vec<Record>,
    /// How many others there were: of kinds that this version does not know, or that belong into no archive.
    pub skipped: u64,
}

#[derive(Serialize, Deserialize)]
struct Body {
    generation: u64,
    kem: Bytes,
    sealed: Bytes,
}

impl SealedSegment {
    /// Seals records for a place in an archive. The outline's number of records is set here.
    ///
    /// # Errors
    /// [`ArchiveError::Record`] for what belongs into no archive, [`ArchiveError::TooMuch`], [`ArchiveError::NoKey`].
    pub fn seal(
        rng: &mut (impl RngCore + CryptoRng),
        state_key: &StateKey,
        key: &ArchiveKey,
        slot: Slot,
        outline: &Outline,
        records: &[Record],
    ) -> Result<Self, ArchiveError> {
        records.iter().try_for_each(Record::check)?;
        Self::seal_unchecked(rng, state_key, key, slot, outline, records)
    }

    /// As a device that errs might: with what belongs into no archive.
    pub(super) fn seal_unchecked(
        rng: &mut (impl RngCore + CryptoRng),
        state_key: &StateKey,
        key: &ArchiveKey,
        slot: Slot,
        outline: &Outline,
        records: &[Record],
    ) -> Result<Self, ArchiveError> {
        let outline = Outline { records: records.len() as u64, ..outline.clone() };
        outline.check()?;
        let plain = sealing::padded(codec::to_versioned(VERSION, &outline), LEAST_STEP);
        let sealed = sealing::seal(rng, &outline_key(state_key), &outline_bound_to(slot), &plain);
        let outline = [&[VERSION], &sealed[..]].concat();

        let records: Vec<Bytes> = records.iter().map(Record::to_bytes).collect();
        let plain = Zeroizing::new(sealing::padded(codec::to_versioned(VERSION, &records), LEAST_STEP));
        at_most("bytes of records", plain.len(), RECORDS_BYTES)?;
        let HpkeSealed { kem, ciphertext } = key.seal(&body_bound_to(slot, key.generation, &outline), &plain)?;
        let body = Body { generation: key.generation, kem: Bytes(kem), sealed: Bytes(ciphertext) };
        Ok(Self { outline: Bytes(outline), body: Bytes(codec::to_versioned(VERSION, &body)) })
    }

    /// By what a head names it.
    pub fn entry(&self, number: u64) -> Entry {
        let hash = |bytes: &[u8]| Bytes32(Sha256::digest(bytes).into());
        Entry { number, outline: hash(&self.outline), body: hash(&self.body) }
    }

    /// In which generation it was sealed. **Not authenticated** before it is opened.
    ///
    /// # Errors
    /// [`ArchiveError::Form`].
    pub fn generation(&self) -> Result<u64, ArchiveError> {
        Ok(self.read()?.generation)
    }

    /// Opens the body, which belongs to this outline.
    ///
    /// # Errors
    /// [`ArchiveError::OtherGeneration`], [`ArchiveError::NotOpened`], and [`ArchiveError::Form`] for what its writer did
    /// wrong.
    pub fn open(&self, key: &OpeningKey, slot: Slot) -> Result<Opened, ArchiveError> {
        let Body { generation, kem, sealed } = self.read()?;
        if generation != key.generation() {
            return Err(ArchiveError::OtherGeneration { found: generation, known: key.generation() });
        }
        let sealed = HpkeSealed { kem: kem.0, ciphertext: sealed.0 };
        let plain = key.open(&sealed, &body_bound_to(slot, generation, &self.outline));
        Opened::from_plain(&plain.ok_or(ArchiveError::NotOpened { number: slot.number })?)
    }

    fn read(&self) -> Result<Body, ArchiveError> {
        at_most("bytes of a body", self.body.len(), limits::ARCHIVE_BODY)?;
        Ok(codec::from_versioned(VERSION, &self.body)?)
    }
}

/// Opens the outline of the segment that stands there.
///
/// # Errors
/// [`ArchiveError::NotOpened`], and [`ArchiveError::TooMuch`] or [`ArchiveError::Form`] for what its writer did wrong.
pub fn open_outline(bytes: &[u8], state_key: &StateKey, slot: Slot) -> Result<Outline, ArchiveError> {
    at_most("bytes of an outline", bytes.len(), limits::ARCHIVE_OUTLINE)?;
    let (version, sealed) = bytes.split_first().ok_or_else(|| malformed("nothing there"))?;
    if *version != VERSION {
        return Err(CodecError::Version { found: *version, newest: VERSION }.into());
    }
    let plain = sealing::open(&outline_key(state_key), &outline_bound_to(slot), sealed);
    Outline::from_plain(&plain.map_err(|_| ArchiveError::NotOpened { number: slot.number })?)
}

impl Opened {
    pub(super) fn from_plain(plain: &[u8]) -> Result<Self, ArchiveError> {
        let records: Vec<Bytes> = unpadded(plain)?;
        at_most("number of records", records.len(), MOST_RECORDS)?;
        let mut opened = Self { records: Vec::with_capacity(records.len()), skipped: 0 };
        for bytes in &records {
            match Record::from_bytes(bytes)?.filter(|record| record.check().is_ok()) {
                Some(record) => opened.records.push(record),
                None => opened.skipped += 1,
            }
        }
        Ok(opened)
    }
}

impl Outline {
    pub(super) fn from_plain(plain: &[u8]) -> Result<Self, ArchiveError> {
        let outline: Self = unpadded(plain)?;
        outline.check()?;
        Ok(outline)
    }

    /// Whether a message at this place is covered, with all that was done to it up to `done`, another place of the log.
    pub fn covers(&self, conversation: ConversationId, incarnation: IncarnationId, seq: u64, done: u64) -> bool {
        self.span_of(conversation, incarnation, seq).is_some_and(|span| span.as_of >= done)
    }

    /// The span in which a place of a log lies.
    pub fn span_of(&self, conversation: ConversationId, incarnation: IncarnationId, seq: u64) -> Option<&Span> {
        let is_of = |span: &&Span| span.conversation == conversation && span.incarnation == incarnation;
        self.spans.iter().filter(is_of).find(|span| (span.from..=span.to).contains(&seq))
    }

    fn check(&self) -> Result<(), ArchiveError> {
        at_most("number of spans", self.spans.len(), MOST_SPANS)?;
        at_most("number of records", usize::try_from(self.records).unwrap_or(usize::MAX), MOST_RECORDS)?;
        let mut of_logs: BTreeMap<_, Vec<(u64, u64)>> = BTreeMap::new();
        for span in &self.spans {
            of_logs.entry((span.conversation, span.incarnation)).or_default().push((span.from, span.to));
        }
        for spans in of_logs.values_mut() {
            spans.sort_unstable();
            let mut behind = None;
            for (from, to) in spans {
                if *from > *to || behind.is_some_and(|last| *from <= last) {
                    return Err(malformed("spans that overlap, or end before they begin"));
                }
                behind = Some(*to);
            }
        }
        Ok(())
    }
}

/// The value behind the version byte, with nothing but zeros behind that.
fn unpadded<T: serde::de::DeserializeOwned>(plain: &[u8]) -> Result<T, ArchiveError> {
    match plain.split_first() {
        Some((&VERSION, value)) => {
            let (value, padding) = codec::first_from_cbor(value)?;
            if padding.iter().all(|byte| *byte == 0) { Ok(value) } else { Err(malformed("other padding than zeros")) }
        }
        Some((&found, _)) => Err(CodecError::Version { found, newest: VERSION }.into()),
        None => Err(malformed("nothing there")),
    }
}

fn at_most(what: &'static str, count: usize, most: usize) -> Result<(), ArchiveError> {
    if count > most { Err(ArchiveError::TooMuch { what, count, most }) } else { Ok(()) }
}

fn malformed(what: &str) -> ArchiveError {
    CodecError::Malformed(what.into()).into()
}

fn outline_key(state_key: &StateKey) -> Zeroizing<[u8; 32]> {
    sealing::derive(state_key.expose(), OUTLINE_LABEL)
}

fn outline_bound_to(slot: Slot) -> Vec<u8> {
    [&b"huis archive outline"[..], &[0, VERSION], slot.account.as_bytes(), &slot.number.to_be_bytes()].concat()
}

/// The outline as it is sealed belongs to it: a body stands beside no other one.
fn body_bound_to(slot: Slot, generation: u64, outline: &[u8]) -> Vec<u8> {
    let outline = Sha256::digest(outline);
    let (number, generation) = (slot.number.to_be_bytes(), generation.to_be_bytes());
    [&b"huis archive body"[..], &[0, VERSION], slot.account.as_bytes(), &number, &generation, &outline].concat()
}

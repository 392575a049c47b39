//! Heads: of which segments an archive consists, signed by the device that made it so.

use huis_proto::codec;
use huis_proto::{AccountId, Bytes, Bytes32, DeviceId, labels, limits};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{ArchiveError, VERSION};
use crate::identity::DeviceSecret;

/// One state of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Whose archive.
    pub account: AccountId,
    /// Counts from 1 without gaps; a segment has the number of the head that brought it in.
    pub number: u64,
    /// The hash of the head before; zeros for number 1.
    pub previous: Bytes32,
    /// How many segments there are.
    pub segments: u64,
    /// [`digest`] of them.
    pub digest: Bytes32,
    /// The generation of the archive's keys that this head's segment, and later ones, are sealed in.
    pub generation: u64,
    /// The number of the newest device list that the signer knew: who knows an older one looks for it first.
    pub list: u64,
    /// Who signs.
    pub device: DeviceId,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// What is older than this was taken out, so that the rest fits; 0 where nothing was. No device puts it in again.
    pub kept_from_ms: u64,
}

/// By what a head names a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The segment's number.
    pub number: u64,
    /// SHA-256 of its sealed outline.
    pub outline: Bytes32,
    /// SHA-256 of its sealed body.
    pub body: Bytes32,
}

/// A head that the server gave, and its device signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownHead {
    /// What it says.
    pub head: Head,
    /// SHA-256 over its bytes, without the signature.
    pub hash: Bytes32,
}

/// A head that was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownHead {
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub hash: Bytes32,
}

#[derive(Serialize, Deserialize)]
struct Signed {
    head: Bytes,
    signature: Bytes,
}

impl Head {
    /// Signs it: version byte 1, then CBOR of the head's bytes and the signature.
    pub fn sign(&self, device: &DeviceSecret) -> Bytes {
        let head = codec::to_versioned(VERSION, self);
        let signature = device.sign(labels::ARCHIVE_HEAD, &head);
        Bytes(codec::to_versioned(VERSION, &Signed { head: Bytes(head), signature }))
    }

    /// By what later heads and devices know it, as it is [signed](Self::sign) here.
    pub fn known(&self) -> KnownHead {
        KnownHead { number: self.number, hash: hash(&codec::to_versioned(VERSION, self)) }
    }
}

impl ShownHead {
    /// By what later heads and devices know it.
    pub fn known(&self) -> KnownHead {
        KnownHead { number: self.head.number, hash: self.hash }
    }

    /// Whether it may be shown where `known` was seen before, in the same life of the store. Of heads between the two
    /// nothing can be said.
    ///
    /// # Errors
    /// [`ArchiveError::Rollback`] and [`ArchiveError::Forked`].
    pub fn check_follows(&self, known: KnownHead) -> Result<(), ArchiveError> {
        let number = self.head.number;
        if number < known.number {
            return Err(ArchiveError::Rollback { found: number, known: known.number });
        }
        let is_the_known_one = number > known.number || self.hash == known.hash;
        let follows = number != known.number.saturating_add(1) || self.head.previous == known.hash;
        if is_the_known_one && follows { Ok(()) } else { Err(ArchiveError::Forked { number }) }
    }
}

fn hash(head: &[u8]) -> Bytes32 {
    Bytes32(Sha256::digest(head).into())
}

/// Reads a signed head of `account`. `key_of` gives the key of a device that is on the account's newest list.
///
/// # Errors
/// [`ArchiveError::UnknownDevice`], [`ArchiveError::Signature`], [`ArchiveError::OtherAccount`], [`ArchiveError::Form`].
pub fn open_head(
    bytes: &[u8],
    account: AccountId,
    key_of: impl FnOnce(DeviceId) -> Option<Bytes32>,
) -> Result<ShownHead, ArchiveError> {
    if bytes.len() > limits::ARCHIVE_HEAD {
        return Err(ArchiveError::TooMuch { what: "bytes of a head", count: bytes.len(), most: limits::ARCHIVE_HEAD });
    }
    let signed: Signed = codec::from_versioned(VERSION, bytes)?;
    let head: Head = codec::from_versioned(VERSION, &signed.head)?;
    let key = key_of(head.device).ok_or(ArchiveError::UnknownDevice(head.device))?;
    labels::verify(&key, labels::ARCHIVE_HEAD, &signed.head, &signed.signature)?;
    if head.account != account {
        return Err(ArchiveError::OtherAccount(head.account));
    }
    Ok(ShownHead { hash: hash(&signed.head), head })
}

/// What a head says that no device of the account has to have signed. **Not authenticated**: nothing is built upon it.
///
/// # Errors
/// [`ArchiveError::Form`].
pub fn peek_head(bytes: &[u8]) -> Result<ShownHead, ArchiveError> {
    let signed: Signed = codec::from_versioned(VERSION, bytes)?;
    let head: Head = codec::from_versioned(VERSION, &signed.head)?;
    Ok(ShownHead { hash: hash(&signed.head), head })
}

/// What a head says of its segments, in the order of their numbers: SHA-256 over a label and, of each, its number and the
/// hashes of its two parts.
pub fn digest(entries: &[Entry]) -> Bytes32 {
    let mut hash = Sha256::new().chain_update(b"huis archive segments v1\0");
    for entry in entries {
        hash.update(entry.number.to_be_bytes());
        hash.update(entry.outline.0);
        hash.update(entry.body.0);
    }
    Bytes32(hash.finalize().into())
}

/// Whether these are the segments that the head names: none more, none less, no other, and in their order.
///
/// # Errors
/// [`ArchiveError::OtherSegments`].
pub fn check_entries(head: &Head, entries: &[Entry]) -> Result<(), ArchiveError> {
    let is_all = entries.len() as u64 == head.segments && digest(entries) == head.digest;
    if is_all { Ok(()) } else { Err(ArchiveError::OtherSegments { number: head.number }) }
}

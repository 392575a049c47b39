//! The archive's keys: one pair for each generation, all from the seed that is in the vault.

use huis_proto::Bytes;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::ArchiveError;
use crate::groups::suite::{self, HpkeSealed};
use crate::sealing;
use crate::secret::Secret32;

const LABEL: &[u8] = b"huis archive key v1\0";
/// HPKE's `info` (RFC 9180, section 5.1).
const INFO: &[u8] = b"huis archive segment v1";

/// The public half of one generation's key: whoever has it adds to the archive, and reads nothing of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchiveKey {
    /// Which generation; later ones are higher.
    pub generation: u64,
    /// X-Wing's public key (ML-KEM-768 with X25519), 1,216 bytes.
    pub public: Bytes,
}

/// The private half of one generation's key. **Made for a restore, and wiped behind it**; it says nothing about the seed
/// nor about other generations.
#[derive(Debug, PartialEq, Eq)]
pub struct OpeningKey {
    generation: u64,
    material: Secret32,
}

impl OpeningKey {
    /// The key of a generation, from the vault's archive seed.
    pub fn of(seed: &Secret32, generation: u64) -> Self {
        let material = sealing::derive_bound(seed.expose(), &[LABEL, &generation.to_be_bytes()].concat());
        Self { generation, material: Secret32::from_bytes(&material) }
    }

    /// The key whose [`expose`](Self::expose) gave these bytes. **The caller wipes its own copy.**
    pub fn from_bytes(generation: u64, material: &[u8; 32]) -> Self {
        Self { generation, material: Secret32::from_bytes(material) }
    }

    /// What a device keeps in its encrypted database while it restores, **and nowhere else**.
    pub fn expose(&self) -> &[u8; 32] {
        self.material.expose()
    }

    /// Which generation it opens.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The public half.
    ///
    /// # Errors
    /// [`ArchiveError::NoKey`] where the library makes none.
    pub fn public(&self) -> Result<ArchiveKey, ArchiveError> {
        let pair = suite::hpke_pair(self.expose()).map_err(|_| ArchiveError::NoKey(self.generation))?;
        Ok(ArchiveKey { generation: self.generation, public: Bytes(pair.public) })
    }

    /// Opens what [`ArchiveKey::seal`] made; nothing where it is of another key or bound to something else.
    pub(super) fn open(&self, sealed: &HpkeSealed, bound_to: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let pair = suite::hpke_pair(self.expose()).ok()?;
        suite::hpke_open(&pair.private, sealed, INFO, bound_to).ok()
    }
}

impl ArchiveKey {
    pub(super) fn seal(&self, bound_to: &[u8], plain: &[u8]) -> Result<HpkeSealed, ArchiveError> {
        suite::hpke_seal(&self.public, INFO, bound_to, plain).map_err(|_| ArchiveError::NoKey(self.generation))
    }
}

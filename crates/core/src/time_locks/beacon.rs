//! Time locks by a public randomness beacon, drand's: the share that a server would keep is made of a secret that is sealed for a
//! round of the beacon, so that nobody has it before the round is published, and everybody can have it then.
//!
//! What is computed over the beacon's curve is in `huis-beacon`: here are bytes.

use std::fmt;

use huis_proto::{Bytes32, TimeShare};
use rand::{CryptoRng, RngCore};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::sealing;

/// The bytes of a secret.
pub const SECRET: usize = 16;
/// The bytes of a sealed secret.
pub const SEALED_SECRET: usize = 128;

const SHARE_LABEL: &str = "huis time share drand v1";

/// Until what beacon the share is sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BeaconLock {
    /// The chain; the round follows from it and from when the message opens.
    pub chain: Bytes32,
    /// The secret that the share is made of, sealed for that round.
    pub sealed: [u8; SEALED_SECRET],
}

/// What is sealed for a round: random bytes, of which the share that opens a message is made. `Debug` shows nothing of it.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct BeaconSecret([u8; SECRET]);

impl BeaconSecret {
    /// A fresh one.
    pub fn random(rng: &mut (impl RngCore + CryptoRng)) -> Self {
        let mut bytes = [0; SECRET];
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// The one with these bytes.
    pub fn from_bytes(bytes: [u8; SECRET]) -> Self {
        Self(bytes)
    }

    /// Its bytes. **Never log or print them.**
    pub fn expose(&self) -> &[u8; SECRET] {
        &self.0
    }

    /// The share: HKDF-SHA512 of the secret, in the place of the one that a server keeps.
    pub fn share(&self) -> TimeShare {
        TimeShare(Bytes32(*sealing::derive(&self.0, SHARE_LABEL)))
    }
}

impl fmt::Debug for BeaconSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BeaconSecret(…)")
    }
}

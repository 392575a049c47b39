//! The OPAQUE suite (RFC 9807) and the Argon2id parameters, which client and server must share.

use argon2::{Algorithm, Argon2, Params, Version};
use opaque_ke::{CipherSuite, Ristretto255, TripleDh};
use serde::{Deserialize, Serialize};
use sha2::Sha512;
use utoipa::ToSchema;

/// OPAQUE-3DH on ristretto255 with SHA-512; the password is stretched by Argon2id on the client.
#[derive(Debug, Clone, Copy)]
pub struct Suite;

impl CipherSuite for Suite {
    type OprfCs = Ristretto255;
    type KeyExchange = TripleDh<Ristretto255, Sha512>;
    type Ksf = Argon2<'static>;
}

/// The context string that both sides bind into the key exchange (RFC 9807, section 6.2).
pub const CONTEXT: &[u8] = b"huis opaque v1";

/// The server's identity in the key exchange (`server_identity` in RFC 9807, section 4): the same for every server,
/// because a server may be reached under several names; its own key tells servers apart.
pub const SERVER_IDENTIFIER: &[u8] = b"huis";

/// The client's identity in the key exchange (`client_identity` in RFC 9807, section 4), and the record's
/// `credential_identifier`: the username in its one form ([`names::username`](crate::names::username)).
pub const fn client_identifier(username: &str) -> &[u8] {
    username.as_bytes()
}

/// Argon2id parameters (RFC 9106), stored for each account and raised over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StretchParameters {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

/// A server asked for a stretch that is too weak to accept or too large to compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Argon2id with {memory_kib} KiB, {passes} passes and {lanes} lanes is outside of what this client accepts")]
pub struct StretchRefused {
    /// Memory in KiB that was asked for.
    pub memory_kib: u32,
    /// Passes that were asked for.
    pub passes: u32,
    /// Lanes that were asked for.
    pub lanes: u32,
}

impl StretchParameters {
    /// The least that a client accepts, whatever the server says: 64 MiB, 3 passes, one lane. **It is never raised above
    /// what accounts have:** they could not sign in any more.
    pub const LEAST: Self = Self { memory_kib: 64 * 1024, passes: 3, lanes: 1 };
    /// What a password gets that is set today, by a registration or in place of another: never less than
    /// [`LEAST`](Self::LEAST), and raised as machines grow faster. Older accounts keep what they have until their
    /// password is set anew.
    pub const NEW_ACCOUNTS: Self = Self::LEAST;
    /// The most memory that a client lends to a server's wish, in KiB.
    const MOST_MEMORY_KIB: u32 = 1024 * 1024;
    /// The most passes that a client makes.
    const MOST_PASSES: u32 = 16;

    /// The stretching function with these parameters. **A client must call this on what a server states:** it refuses
    /// parameters below [`LEAST`](Self::LEAST), with which a hostile server would make guessing cheap.
    ///
    /// # Errors
    /// [`StretchRefused`] for parameters that are too weak or too large.
    pub fn argon2(self) -> Result<Argon2<'static>, StretchRefused> {
        let Self { memory_kib, passes, lanes } = self;
        let refused = StretchRefused { memory_kib, passes, lanes };
        let least = Self::LEAST;
        if !(least.memory_kib..=Self::MOST_MEMORY_KIB).contains(&memory_kib)
            || !(least.passes..=Self::MOST_PASSES).contains(&passes)
            || !(1..=4).contains(&lanes)
        {
            return Err(refused);
        }
        let params = Params::new(memory_kib, passes, lanes, None).map_err(|_| refused)?;
        Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_cannot_ask_for_a_weak_or_a_crushing_stretch() {
        let new = StretchParameters::LEAST;
        assert!(new.argon2().is_ok());
        assert!(StretchParameters::NEW_ACCOUNTS.argon2().is_ok());
        assert!(StretchParameters { passes: 4, ..new }.argon2().is_ok(), "raised ones are accepted");
        for wrong in [
            StretchParameters { memory_kib: 1024, ..new },
            StretchParameters { passes: 1, ..new },
            StretchParameters { memory_kib: u32::MAX, ..new },
            StretchParameters { passes: 1000, ..new },
            StretchParameters { lanes: 0, ..new },
        ] {
            assert!(wrong.argon2().is_err(), "{wrong:?}");
        }
    }
}

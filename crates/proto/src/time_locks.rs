//! Time locks: a message that opens no sooner than its sender said. What the server has to know of one, and the half of
//! the key that is left with it.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use utoipa::ToSchema;

use crate::Bytes32;

/// Goes in front of a share under the hash that it is recognised by.
const SHARE_LABEL: &[u8] = b"huis time share v1\0";

/// When a message opens, and by what its share is recognised. It stands in the message's authenticated data, and once
/// more inside the seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeLock {
    /// In milliseconds since 1970 by the server's clock.
    pub unlocks_at_ms: u64,
    /// [`commitment`](TimeShare::commitment) of the server's share: so that nobody gives some members another share than
    /// others, which would open another text for them.
    pub share: Bytes32,
}

/// 32 random bytes, half of what a key is made of. `Debug` shows nothing of it.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct TimeShare(pub Bytes32);

impl TimeShare {
    /// SHA-256 of a label and the share. It tells nothing of the share.
    pub fn commitment(&self) -> Bytes32 {
        Bytes32(Sha256::new().chain_update(SHARE_LABEL).chain_update(self.0.0).finalize().into())
    }
}

/// In constant time.
impl PartialEq for TimeShare {
    fn eq(&self, other: &Self) -> bool {
        self.0.0.ct_eq(&other.0.0).into()
    }
}

impl Eq for TimeShare {}

impl fmt::Debug for TimeShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TimeShare(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commitment_keeps_its_bytes_and_is_of_one_share() {
        let commitment = TimeShare(Bytes32([7; 32])).commitment();
        let hex: String = commitment.0.iter().map(|byte| format!("{byte:02x}")).collect();
        insta::assert_snapshot!(hex);
        assert_ne!(commitment, TimeShare(Bytes32([8; 32])).commitment());
    }

    #[test]
    fn debug_of_a_share_shows_nothing() {
        assert_eq!(format!("{:?}", TimeShare(Bytes32([0xab; 32]))), "TimeShare(…)");
    }
}

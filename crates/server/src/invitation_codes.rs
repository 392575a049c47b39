//! Codes of invitations, and what is kept of them.

use huis_proto::Bytes32;
use huis_proto::rest::Secret;
use rand::{CryptoRng, RngCore};
use sha2::{Digest as _, Sha256};

/// 128 random bits: nobody guesses one, so that a plain hash is enough to keep it by.
const CODE_BYTES: usize = 16;

/// What a newcomer shows.
pub(crate) struct InvitationCode(Secret);

impl InvitationCode {
    pub(crate) fn random(rng: &mut (impl RngCore + CryptoRng)) -> Self {
        let mut bytes = [0; CODE_BYTES];
        rng.fill_bytes(&mut bytes);
        Self(Secret::new(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()))
    }

    /// What the store keeps of it.
    pub(crate) fn hash(&self) -> Bytes32 {
        hash_of(&self.0)
    }

    /// The code itself, for whoever asked for it.
    pub(crate) fn into_secret(self) -> Secret {
        self.0
    }
}

/// The hash of what somebody shows as a code. Letter case and what surrounds a code do not matter, for people copy them.
pub(crate) fn hash_of(shown: &Secret) -> Bytes32 {
    let mut hash = Sha256::new_with_prefix(b"huis invitation v1\0");
    hash.update(shown.expose().trim().to_ascii_lowercase());
    Bytes32(hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use rand::rngs::OsRng;

    use super::*;

    #[test]
    fn a_code_has_128_bits_and_is_found_by_its_hash_alone() {
        let code = InvitationCode::random(&mut OsRng);
        let other = InvitationCode::random(&mut OsRng);
        assert_ne!(code.hash(), other.hash());
        let hash = code.hash();
        let text = code.into_secret();
        assert!(text.expose().len() == 32 && text.expose().bytes().all(|digit| digit.is_ascii_hexdigit()));
        let copied = Secret::new(format!(" {} \n", text.expose().to_ascii_uppercase()));
        assert_eq!(hash_of(&copied), hash);
        assert_ne!(hash_of(&Secret::new(&text.expose()[1..])), hash);
    }
}

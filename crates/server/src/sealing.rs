//! Bytes that the server hands to a client and gets back unread and unchanged: the state of a two-step sign-in, and
//! tickets. So nothing between two requests lives in a node's memory.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use hmac::{Hmac, Mac};
use huis_proto::{AccountId, Bytes32, codec};
use rand::{CryptoRng, RngCore};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroizing;

/// Seals and opens under the server's own key (AES-256-GCM, random 96-bit nonces).
pub(crate) struct Sealing {
    cipher: Aes256Gcm,
    /// Recovery codes are hashed with it, so that a stolen database alone does not tell a guessed one.
    codes: Hmac<Sha256>,
}

/// What a sealed text is for. It is bound to it, so that a text for one purpose never passes for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The server's half of a sign-in.
    SignIn,
    /// A finished sign-in's ticket.
    Ticket,
    /// Which recovery of which account it is.
    Recovery,
    /// A second factor that does not count yet.
    SecondFactorBegun,
    /// That the second factor was shown.
    SecondFactorPass,
    /// The secret of a second factor, as it is stored.
    SecondFactor,
}

/// Not sealed by this server for this purpose, or too old.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not sealed by this server for this purpose, or too old")]
pub(crate) struct NotOpened;

#[derive(Serialize, Deserialize)]
struct Dated<T> {
    expires_at_ms: u64,
    value: T,
}

const VERSION: u8 = 1;
const NONCE: usize = 12;
const CODES: &[u8] = b"huis recovery codes v1";

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::SignIn => b"huis sealed sign-in v1",
            Self::Ticket => b"huis sealed ticket v1",
            Self::Recovery => b"huis sealed recovery v1",
            Self::SecondFactorBegun => b"huis sealed second factor begun v1",
            Self::SecondFactorPass => b"huis sealed second factor pass v1",
            Self::SecondFactor => b"huis sealed second factor v1",
        }
    }
}

impl Sealing {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        // HMAC as a key derivation: the output for one label is a key of its own.
        let derived =
            <Hmac<Sha256> as Mac>::new_from_slice(key).map(|mac| mac.chain_update(CODES).finalize().into_bytes());
        let codes = derived.and_then(|key| <Hmac<Sha256> as Mac>::new_from_slice(&key));
        Self { cipher: Aes256Gcm::new(key.into()), codes: codes.unwrap_or_else(|_| unreachable!("HMAC takes any key")) }
    }

    /// By what the store knows a recovery code of an account.
    pub(crate) fn hash_of_code(&self, account: AccountId, code: &str) -> Bytes32 {
        let mac = self.codes.clone().chain_update(account.as_bytes()).chain_update(code);
        Bytes32(mac.finalize().into_bytes().into())
    }

    /// The version byte, a nonce, and `value` sealed with its expiry.
    pub(crate) fn seal(
        &self,
        rng: &mut (impl RngCore + CryptoRng),
        purpose: Purpose,
        value: &impl Serialize,
        expires_at_ms: u64,
    ) -> Result<Vec<u8>, NotOpened> {
        let mut nonce = [0; NONCE];
        rng.fill_bytes(&mut nonce);
        let text = Zeroizing::new(codec::to_cbor(&Dated { expires_at_ms, value }));
        let payload = Payload { msg: &text, aad: purpose.label() };
        let sealed = self.cipher.encrypt(Nonce::from_slice(&nonce), payload).map_err(|_| NotOpened)?;
        Ok([&[VERSION], nonce.as_slice(), &sealed].concat())
    }

    /// The value, if this server sealed it for this purpose and it has not expired.
    pub(crate) fn open<T: DeserializeOwned>(
        &self,
        purpose: Purpose,
        sealed: &[u8],
        now_ms: u64,
    ) -> Result<T, NotOpened> {
        let (version, rest) = sealed.split_first().ok_or(NotOpened)?;
        let (nonce, text) = rest.split_at_checked(NONCE).ok_or(NotOpened)?;
        if *version != VERSION {
            return Err(NotOpened);
        }
        let payload = Payload { msg: text, aad: purpose.label() };
        let text = self.cipher.decrypt(Nonce::from_slice(nonce), payload).map_err(|_| NotOpened)?;
        let text = Zeroizing::new(text);
        let dated: Dated<T> = codec::from_cbor(&text).map_err(|_| NotOpened)?;
        if now_ms >= dated.expires_at_ms {
            return Err(NotOpened);
        }
        Ok(dated.value)
    }
}

#[cfg(test)]
mod tests {
    use rand::rngs::OsRng;

    use super::*;

    #[test]
    fn what_was_sealed_opens_for_its_purpose_until_it_expires() {
        let sealing = Sealing::new(&[1; 32]);
        let sealed = sealing.seal(&mut OsRng, Purpose::Ticket, &5_u8, 100).unwrap();
        assert_eq!(sealing.open(Purpose::Ticket, &sealed, 99), Ok(5_u8));
        assert_eq!(sealing.open::<u8>(Purpose::Ticket, &sealed, 100), Err(NotOpened));
        assert_eq!(sealing.open::<u8>(Purpose::SignIn, &sealed, 99), Err(NotOpened));
        let other = Sealing::new(&[2; 32]);
        assert_eq!(other.open::<u8>(Purpose::Ticket, &sealed, 99), Err(NotOpened));
    }

    #[test]
    fn a_recovery_code_is_hashed_for_its_account_under_the_servers_key() {
        let (sealing, other) = (Sealing::new(&[1; 32]), Sealing::new(&[2; 32]));
        let (anna, berta) = (AccountId::from_bytes([1; 16]), AccountId::from_bytes([2; 16]));
        let hash = sealing.hash_of_code(anna, "code");
        assert_eq!(hash, Sealing::new(&[1; 32]).hash_of_code(anna, "code"));
        for another in
            [other.hash_of_code(anna, "code"), sealing.hash_of_code(berta, "code"), sealing.hash_of_code(anna, "cope")]
        {
            assert_ne!(hash, another);
        }
    }

    #[test]
    fn a_changed_or_cut_text_does_not_open() {
        let sealing = Sealing::new(&[1; 32]);
        let sealed = sealing.seal(&mut OsRng, Purpose::Ticket, &5_u8, 100).unwrap();
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert_eq!(sealing.open::<u8>(Purpose::Ticket, &changed, 1), Err(NotOpened));
            assert_eq!(sealing.open::<u8>(Purpose::Ticket, &sealed[..place], 1), Err(NotOpened));
        }
    }
}

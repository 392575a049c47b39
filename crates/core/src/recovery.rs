//! The recovery key: shown once, typed by a person, opens the vault and allows a new password.

use std::fmt;

use ed25519_dalek::SigningKey;
use huis_proto::{Bytes, Bytes32, labels};
use rand::{CryptoRng, RngCore};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

use crate::sealing;
use crate::secret::Secret32;

/// Crockford's base 32: no I, L, O or U.
pub(crate) const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// 256 bits of key and 24 of checksum are 56 characters of 5 bits: 14 groups of 4.
const CHECKSUM: usize = 3;
const CHARACTERS: usize = 56;
const GROUP: usize = 4;
/// A text longer than this is no recovery key, however it is spaced.
const LONGEST_TEXT: usize = 512;

const WRAPPING: &str = "huis recovery wrapping v1";
const SIGNING: &str = "huis recovery signing v1";

/// 256 random bits. From it come a wrapping key for the vault and a signing key for a new password.
#[derive(PartialEq, Eq)]
pub struct RecoveryKey(Secret32);

/// Why a text is no recovery key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecoveryKeyError {
    /// Too few or too many characters.
    #[error("a recovery key has {CHARACTERS} letters and digits, this text has {0}")]
    Length(usize),
    /// A character that no recovery key holds.
    #[error("a recovery key holds no '{0}'")]
    Character(char),
    /// All characters are possible, but they don't belong together: a typing mistake.
    #[error("the recovery key has a typing mistake")]
    Checksum,
}

impl RecoveryKey {
    /// A fresh key.
    pub fn generate(rng: &mut (impl RngCore + CryptoRng)) -> Self {
        Self(Secret32::random(rng))
    }

    /// The key with these bytes. **The caller wipes its own copy.**
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(Secret32::from_bytes(bytes))
    }

    /// 14 groups of 4 letters and digits with dashes between, to be shown once.
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new([0; 32 + CHECKSUM]);
        let checksum = checksum(self.0.expose());
        for (to, from) in bytes.iter_mut().zip(self.0.expose().iter().chain(&checksum)) {
            *to = *from;
        }
        let mut text = Zeroizing::new(String::with_capacity(CHARACTERS + CHARACTERS / GROUP));
        let (mut bits, mut held) = (0_u32, 0_u32);
        let mut written = 0;
        for byte in bytes.iter() {
            bits = bits << 8 | u32::from(*byte);
            held += 8;
            while held >= 5 {
                held -= 5;
                let digit = ALPHABET.get((bits >> held & 31) as usize).copied().unwrap_or(b'0');
                if written > 0 && written % GROUP == 0 {
                    text.push('-');
                }
                text.push(char::from(digit));
                written += 1;
            }
        }
        bits.zeroize();
        text
    }

    /// Reads a typed key: case, spaces and dashes don't matter, and O, I, L pass for 0, 1, 1.
    ///
    /// # Errors
    /// [`RecoveryKeyError`] says what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, RecoveryKeyError> {
        if text.len() > LONGEST_TEXT {
            return Err(RecoveryKeyError::Length(text.chars().count()));
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(32 + CHECKSUM));
        let (mut bits, mut held, mut count) = (0_u32, 0_u32, 0_usize);
        for character in text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '–' | '—')) {
            let digit = digit(character).ok_or(RecoveryKeyError::Character(character))?;
            count += 1;
            bits = bits << 5 | digit;
            held += 5;
            if held >= 8 {
                held -= 8;
                bytes.push((bits >> held & 0xff) as u8);
            }
        }
        bits.zeroize();
        if count != CHARACTERS {
            return Err(RecoveryKeyError::Length(count));
        }
        let (key, found) = bytes.split_first_chunk::<32>().ok_or(RecoveryKeyError::Length(count))?;
        if found != checksum(key) {
            return Err(RecoveryKeyError::Checksum);
        }
        Ok(Self::from_bytes(key))
    }

    /// The public half of the signing key: what the server keeps to check a new password's permission.
    pub fn verifier(&self) -> Bytes32 {
        Bytes32(self.signing_key().verifying_key().to_bytes())
    }

    /// Signs the wish for a new password ([`huis_proto::recovery::wish`]) under [`labels::RECOVERY`]; 64 bytes.
    pub fn sign(&self, wish: &[u8]) -> Bytes {
        labels::sign(&self.signing_key(), labels::RECOVERY, wish)
    }

    /// Signs the state of a recovery under [`labels::RECOVERY_VAULT`], for which the server gives the vault; 64 bytes.
    pub fn sign_for_vault(&self, state: &[u8]) -> Bytes {
        labels::sign(&self.signing_key(), labels::RECOVERY_VAULT, state)
    }

    /// The secret from which the vault's key under the recovery key comes.
    pub(crate) fn wrapping_secret(&self) -> Zeroizing<[u8; 32]> {
        sealing::derive(self.0.expose(), WRAPPING)
    }

    fn signing_key(&self) -> SigningKey {
        SigningKey::from_bytes(&sealing::derive(self.0.expose(), SIGNING))
    }
}

impl fmt::Debug for RecoveryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryKey(…)")
    }
}

fn checksum(key: &[u8; 32]) -> [u8; CHECKSUM] {
    let hash = Sha256::new().chain_update(b"huis recovery key v1\0").chain_update(key).finalize();
    hash.first_chunk().copied().unwrap_or_default()
}

/// What a character counts for, as a person may type it.
pub(crate) fn digit(character: char) -> Option<u32> {
    let character = match character.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    ALPHABET.iter().position(|digit| char::from(*digit) == character).map(|position| position as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recovery_key_has_a_fixed_text() {
        let text = RecoveryKey::from_bytes(&[7; 32]).to_text();
        assert_eq!(*text, "0W3G-E1R7-0W3G-E1R7-0W3G-E1R7-0W3G-E1R7-0W3G-E1R7-0W3G-E1R7-0W3X-K1AV");
    }

    #[test]
    fn a_typed_key_is_read_whatever_its_case_and_spaces() {
        let key = RecoveryKey::from_bytes(&[0x42; 32]);
        let text = key.to_text();
        for typed in [
            text.to_lowercase(),
            text.replace('-', " "),
            text.replace('-', ""),
            format!(" {}\n", text.replace('-', " - ")),
            text.replace('0', "o").replace('1', "l"),
        ] {
            assert_eq!(RecoveryKey::parse(&typed), Ok(RecoveryKey::from_bytes(&[0x42; 32])), "{typed}");
        }
    }

    #[test]
    fn every_single_typing_mistake_is_noticed() {
        let text = RecoveryKey::from_bytes(&[0x42; 32]).to_text();
        for position in text.char_indices().filter(|(_, c)| *c != '-').map(|(position, _)| position) {
            let typed = if text[position..].starts_with('7') { "8" } else { "7" };
            let mut wrong = text.to_string();
            wrong.replace_range(position..=position, typed);
            assert_eq!(RecoveryKey::parse(&wrong), Err(RecoveryKeyError::Checksum), "{wrong}");
        }
        assert_eq!(RecoveryKey::parse(&text[..20]), Err(RecoveryKeyError::Length(16)));
        assert_eq!(RecoveryKey::parse(&text.replace('7', "u")).is_ok(), !text.contains('7'));
        assert_eq!(RecoveryKey::parse("Ü"), Err(RecoveryKeyError::Character('Ü')));
        assert!(matches!(RecoveryKey::parse(&"A".repeat(100_000)), Err(RecoveryKeyError::Length(_))));
    }

    #[test]
    fn the_recovery_keys_signature_is_for_recovery_alone() {
        let key = RecoveryKey::from_bytes(&[7; 32]);
        let signature = key.sign(b"new password");
        assert_eq!(labels::verify(&key.verifier(), labels::RECOVERY, b"new password", &signature), Ok(()));
        let passes = |label, signature| labels::verify(&key.verifier(), label, b"new password", signature).is_ok();
        assert!(!passes(labels::DEVICE_LIST, &signature));
        assert!(!passes(labels::RECOVERY_VAULT, &signature), "who may set a password has not asked for the vault");
        let for_vault = key.sign_for_vault(b"new password");
        assert!(passes(labels::RECOVERY_VAULT, &for_vault) && !passes(labels::RECOVERY, &for_vault));
    }

    #[test]
    fn debug_of_a_recovery_key_shows_nothing() {
        assert_eq!(format!("{:?}", RecoveryKey::from_bytes(&[7; 32])), "RecoveryKey(…)");
    }
}

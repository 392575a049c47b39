//! AES-256-GCM with a random nonce in front, and keys by HKDF: the one way in which this crate seals bytes at rest.

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use hkdf::Hkdf;
use rand::{CryptoRng, RngCore};
use sha2::Sha512;
use zeroize::Zeroizing;

const NONCE: usize = 12;
/// By how much sealed bytes are longer than plain ones: the nonce and the tag.
pub(crate) const OVERHEAD: usize = NONCE + 16;

/// The key is another one, or the bytes or what they are bound to were changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotOpened;

/// A key for one purpose: HKDF-SHA512 (RFC 5869) of `secret` under `label`.
pub(crate) fn derive(secret: &[u8], label: &str) -> Zeroizing<[u8; 32]> {
    derive_bound(secret, label.as_bytes())
}

/// As [`derive`], under bytes that begin with a label and say what the key is for.
#[expect(clippy::expect_used, reason = "HKDF-SHA512 gives up to 16,320 bytes; a zero key would be worse than a stop")]
pub(crate) fn derive_bound(secret: &[u8], bound_to: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    Hkdf::<Sha512>::new(None, secret).expand(bound_to, &mut *key).expect("32 bytes are within HKDF's output");
    key
}

/// Nonce and ciphertext with its tag, bound to `bound_to`.
#[expect(clippy::expect_used, reason = "AES-GCM takes up to 64 GiB; what is sealed here is bounded far below")]
pub(crate) fn seal(rng: &mut (impl RngCore + CryptoRng), key: &[u8; 32], bound_to: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let mut nonce = [0; NONCE];
    rng.fill_bytes(&mut nonce);
    let payload = Payload { msg: plaintext, aad: bound_to };
    let sealed = Aes256Gcm::new(key.into()).encrypt(Nonce::from_slice(&nonce), payload).expect("below 64 GiB");
    [&nonce[..], &sealed].concat()
}

/// `plain` with zeros behind it, so that its size tells little: a multiple of an eighth of the size's next power of two,
/// and of `least` at least.
pub(crate) fn padded(mut plain: Vec<u8>, least: usize) -> Vec<u8> {
    let step = (plain.len().next_power_of_two() / 8).max(least);
    plain.resize(plain.len().next_multiple_of(step), 0);
    plain
}

/// Opens what [`seal`] made.
pub(crate) fn open(key: &[u8; 32], bound_to: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, NotOpened> {
    let (nonce, ciphertext) = sealed.split_at_checked(NONCE).ok_or(NotOpened)?;
    let payload = Payload { msg: ciphertext, aad: bound_to };
    Aes256Gcm::new(key.into()).decrypt(Nonce::from_slice(nonce), payload).map(Zeroizing::new).map_err(|_| NotOpened)
}

//! AES-256-GCM, by whoever computes it where this runs.

use aes_gcm::aead::consts::{U0, U12, U16};
use aes_gcm::aead::{self, AeadCore, AeadInPlace, Nonce, Tag};
use aes_gcm::{Aes256Gcm, KeyInit};

use super::TAG;

/// Bytes of a nonce.
pub const GCM_NONCE: usize = 12;

/// AES-256-GCM (NIST SP 800-38D) under one key. All of them give the same bytes.
pub trait Gcm: Send + Sync {
    /// Seals bytes in their place, bound to `bound_to`; gives the tag. **A nonce is used once.** None where the bytes are more
    /// than one nonce seals.
    fn seal(&self, nonce: &[u8; GCM_NONCE], bound_to: &[u8], bytes: &mut [u8]) -> Option<[u8; TAG]>;

    /// Opens bytes in their place; says whether they are what was sealed. What is in their place otherwise is nobody's.
    fn open(&self, nonce: &[u8; GCM_NONCE], bound_to: &[u8], bytes: &mut [u8], tag: &[u8; TAG]) -> bool;
}

/// Makes the cipher of a key.
pub type MakeGcm = fn(&[u8; 32]) -> Box<dyn Gcm>;

/// The one that runs everywhere.
pub fn portable_gcm(key: &[u8; 32]) -> Box<dyn Gcm> {
    Box::new(Aes256Gcm::new(key.into()))
}

impl Gcm for Aes256Gcm {
    fn seal(&self, nonce: &[u8; GCM_NONCE], bound_to: &[u8], bytes: &mut [u8]) -> Option<[u8; TAG]> {
        self.encrypt_in_place_detached(nonce.into(), bound_to, bytes).ok().map(Into::into)
    }

    fn open(&self, nonce: &[u8; GCM_NONCE], bound_to: &[u8], bytes: &mut [u8], tag: &[u8; TAG]) -> bool {
        self.decrypt_in_place_detached(nonce.into(), bound_to, bytes, tag.into()).is_ok()
    }
}

/// A cipher, as STREAM takes it.
pub(super) struct Computed(pub(super) Box<dyn Gcm>);

impl AeadCore for Computed {
    type NonceSize = U12;
    type TagSize = U16;
    type CiphertextOverhead = U0;
}

impl AeadInPlace for Computed {
    fn encrypt_in_place_detached(
        &self,
        nonce: &Nonce<Self>,
        bound_to: &[u8],
        bytes: &mut [u8],
    ) -> aead::Result<Tag<Self>> {
        self.0.seal(nonce.as_ref(), bound_to, bytes).map(Into::into).ok_or(aead::Error)
    }

    fn decrypt_in_place_detached(
        &self,
        nonce: &Nonce<Self>,
        bound_to: &[u8],
        bytes: &mut [u8],
        tag: &Tag<Self>,
    ) -> aead::Result<()> {
        if self.0.open(nonce.as_ref(), bound_to, bytes, tag.as_ref()) { Ok(()) } else { Err(aead::Error) }
    }
}

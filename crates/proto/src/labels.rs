//! One label for each use of an Ed25519 key, so that a signature for one purpose never passes for another.
//!
//! A signature covers the label, a zero byte, and the bytes that are signed.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use crate::{Bytes, Bytes32};

/// A device's key signs what an account's archive consists of.
pub const ARCHIVE_HEAD: &str = "huis archive head v1";
/// The identity key signs a device list.
pub const DEVICE_LIST: &str = "huis device list v1";
/// The identity key of an account hands the account over to another one.
pub const HANDOVER: &str = "huis identity handover v1";
/// A device's key signs that somebody is there or writing.
pub const PRESENCE: &str = "huis presence v1";
/// The recovery key's signing half asks for a new password.
pub const RECOVERY: &str = "huis recovery v1";
/// The recovery key's signing half asks for the vault.
pub const RECOVERY_VAULT: &str = "huis recovery vault v1";
/// A device's key resumes its own session.
pub const SESSION: &str = "huis session v1";

/// The signature does not belong to this key, label and text, or the key is not a valid point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not match")]
pub struct BadSignature;

/// Signs `bytes` for the purpose `label`: 64 bytes (RFC 8032).
pub fn sign(key: &SigningKey, label: &str, bytes: &[u8]) -> Bytes {
    Bytes(key.sign(&labelled(label, bytes)).to_bytes().to_vec())
}

/// Checks a signature made by [`sign`], refusing the weak keys and encodings that plain RFC 8032 lets pass.
///
/// # Errors
/// [`BadSignature`] where it does not match.
pub fn verify(key: &Bytes32, label: &str, bytes: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
    let key = VerifyingKey::from_bytes(&key.0).map_err(|_| BadSignature)?;
    let signature = Signature::from_slice(signature).map_err(|_| BadSignature)?;
    key.verify_strict(&labelled(label, bytes), &signature).map_err(|_| BadSignature)
}

fn labelled(label: &str, bytes: &[u8]) -> Vec<u8> {
    [label.as_bytes(), &[0], bytes].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_for_one_purpose_does_not_serve_another() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let public = Bytes32(key.verifying_key().to_bytes());
        let signature = sign(&key, DEVICE_LIST, b"text");
        assert_eq!(verify(&public, DEVICE_LIST, b"text", &signature), Ok(()));
        assert_eq!(verify(&public, RECOVERY, b"text", &signature), Err(BadSignature));
        assert_eq!(verify(&public, DEVICE_LIST, b"test", &signature), Err(BadSignature));
        assert_eq!(verify(&Bytes32([0; 32]), DEVICE_LIST, b"text", &signature), Err(BadSignature));
    }
}

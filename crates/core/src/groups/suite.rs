//! The cryptography of the one suite of every conversation.
//!
//! OpenMLS's own provider has many suites, and picks one by what a message says; so all of them are in whatever is built
//! with it, and a browser has to fetch elliptic curves and signatures that nobody uses. Here is one suite, of the same
//! libraries, and everything else is refused. The tests hold it against OpenMLS's.

use aes_gcm::aead::{Aead as _, Payload};
use aes_gcm::{Aes256Gcm, KeyInit as _, Nonce};
use ed25519_dalek::{Signature, VerifyingKey};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use hpke_rs::{Hpke, HpkeError, Mode};
use hpke_rs_crypto::HpkeCrypto;
use hpke_rs_crypto::error::Error as HpkeFault;
use hpke_rs_crypto::types::{AeadAlgorithm, KdfAlgorithm, KemAlgorithm};
use hpke_rs_rust_crypto::HpkeRustCrypto;
use openmls::prelude::tls_codec::SecretVLBytes;
use openmls_rust_crypto::RustCrypto;
use openmls_traits::crypto::OpenMlsCrypto;
use openmls_traits::types::{
    AeadType, Ciphersuite, CryptoError, ExporterSecret, HashType, HpkeAeadType, HpkeCiphertext, HpkeConfig,
    HpkeKdfType, HpkeKemType, HpkeKeyPair, KemOutput, SignatureScheme,
};

use sha2::{Digest as _, Sha384};
use zeroize::Zeroizing;

use super::backend::CIPHERSUITE;

/// The suite's parts, as OpenMLS and as its HPKE call them.
const AEAD: AeadType = AeadType::Aes256Gcm;
const HASH: HashType = HashType::Sha2_384;
const SIGNATURE: SignatureScheme = SignatureScheme::ED25519;
const KEM: KemAlgorithm = KemAlgorithm::XWingDraft06;
const KDF: KdfAlgorithm = KdfAlgorithm::HkdfSha384;
const HPKE_AEAD: AeadAlgorithm = AeadAlgorithm::Aes256Gcm;

const NONCE_BYTES: usize = 12;

/// A provider for OpenMLS that has [`CIPHERSUITE`] alone. Randomness is OpenMLS's own.
#[derive(Debug, Default)]
pub(super) struct SuiteCrypto(pub(super) RustCrypto);

fn hash(asked: HashType) -> Result<(), CryptoError> {
    if asked == HASH { Ok(()) } else { Err(CryptoError::UnsupportedHashAlgorithm) }
}

fn aead(asked: AeadType) -> Result<(), CryptoError> {
    if asked == AEAD { Ok(()) } else { Err(CryptoError::UnsupportedAeadAlgorithm) }
}

fn signature(asked: SignatureScheme) -> Result<(), CryptoError> {
    if asked == SIGNATURE { Ok(()) } else { Err(CryptoError::UnsupportedSignatureScheme) }
}

fn hpke(asked: &HpkeConfig) -> Result<Hpke<SuiteHpke>, CryptoError> {
    match asked {
        HpkeConfig(HpkeKemType::XWingKemDraft6, HpkeKdfType::HkdfSha384, HpkeAeadType::AesGcm256) => Ok(base_mode()),
        _ => Err(CryptoError::UnsupportedCiphersuite),
    }
}

/// The suite's HPKE (RFC 9180), base mode, for what is sealed to a key outside of a group.
fn base_mode() -> Hpke<SuiteHpke> {
    Hpke::new(Mode::Base, KEM, KDF, HPKE_AEAD)
}

/// The key is another one or none, or the bytes or what they are bound to were changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HpkeRefused;

/// A key pair of the suite's HPKE.
pub(crate) struct HpkePair {
    pub(crate) private: Zeroizing<Vec<u8>>,
    pub(crate) public: Vec<u8>,
}

/// What is sealed to a public key.
pub(crate) struct HpkeSealed {
    pub(crate) kem: Vec<u8>,
    pub(crate) ciphertext: Vec<u8>,
}

/// The key pair of this key material (`DeriveKeyPair`).
pub(crate) fn hpke_pair(material: &[u8]) -> Result<HpkePair, HpkeRefused> {
    let (private, public) = base_mode().derive_key_pair(material).map_err(|_| HpkeRefused)?.into_keys();
    Ok(HpkePair { private: Zeroizing::new(private.as_slice().to_vec()), public: public.as_slice().to_vec() })
}

/// Seals `plain` to a public key, by one encapsulation of its own. Randomness is the library's.
pub(crate) fn hpke_seal(public: &[u8], info: &[u8], bound_to: &[u8], plain: &[u8]) -> Result<HpkeSealed, HpkeRefused> {
    let sealed = base_mode().seal(&public.into(), info, bound_to, plain, None, None, None);
    let (kem, ciphertext) = sealed.map_err(|_| HpkeRefused)?;
    Ok(HpkeSealed { kem, ciphertext })
}

/// Opens what [`hpke_seal`] made.
pub(crate) fn hpke_open(
    private: &[u8],
    sealed: &HpkeSealed,
    info: &[u8],
    bound_to: &[u8],
) -> Result<Zeroizing<Vec<u8>>, HpkeRefused> {
    let opened = base_mode().open(&sealed.kem, &private.into(), info, bound_to, &sealed.ciphertext, None, None, None);
    opened.map(Zeroizing::new).map_err(|_| HpkeRefused)
}

/// As OpenMLS's own provider names it.
fn length_or_library(error: HpkeError) -> CryptoError {
    match error {
        HpkeError::InvalidInput => CryptoError::InvalidLength,
        _ => CryptoError::CryptoLibraryError,
    }
}

impl OpenMlsCrypto for SuiteCrypto {
    fn supports(&self, ciphersuite: Ciphersuite) -> Result<(), CryptoError> {
        if ciphersuite == CIPHERSUITE { Ok(()) } else { Err(CryptoError::UnsupportedCiphersuite) }
    }

    fn supported_ciphersuites(&self) -> Vec<Ciphersuite> {
        vec![CIPHERSUITE]
    }

    fn hkdf_extract(&self, hash_type: HashType, salt: &[u8], ikm: &[u8]) -> Result<SecretVLBytes, CryptoError> {
        hash(hash_type)?;
        Ok(extract(salt, ikm).into())
    }

    fn hmac(&self, hash_type: HashType, key: &[u8], message: &[u8]) -> Result<SecretVLBytes, CryptoError> {
        hash(hash_type)?;
        let mut mac = <Hmac<Sha384> as hmac::Mac>::new_from_slice(key).map_err(|_| CryptoError::CryptoLibraryError)?;
        mac.update(message);
        Ok(mac.finalize().into_bytes().as_slice().into())
    }

    fn hkdf_expand(
        &self,
        hash_type: HashType,
        prk: &[u8],
        info: &[u8],
        okm_len: usize,
    ) -> Result<SecretVLBytes, CryptoError> {
        hash(hash_type)?;
        expand(prk, info, okm_len).map(Into::into).ok_or(CryptoError::HkdfOutputLengthInvalid)
    }

    fn hash(&self, hash_type: HashType, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
        hash(hash_type)?;
        Ok(Sha384::digest(data).to_vec())
    }

    fn aead_encrypt(
        &self,
        alg: AeadType,
        key: &[u8],
        data: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        aead(alg)?;
        seal(key, nonce, aad, data).ok_or(CryptoError::CryptoLibraryError)
    }

    fn aead_decrypt(
        &self,
        alg: AeadType,
        key: &[u8],
        ct_tag: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        aead(alg)?;
        open(key, nonce, aad, ct_tag).ok_or(CryptoError::AeadDecryptionError)
    }

    fn signature_key_gen(&self, alg: SignatureScheme) -> Result<(Vec<u8>, Vec<u8>), CryptoError> {
        signature(alg)?;
        self.0.signature_key_gen(SIGNATURE)
    }

    fn verify_signature(&self, alg: SignatureScheme, data: &[u8], pk: &[u8], signed: &[u8]) -> Result<(), CryptoError> {
        signature(alg)?;
        let key = <[u8; 32]>::try_from(pk).map_err(|_| CryptoError::InvalidLength)?;
        let key = VerifyingKey::from_bytes(&key).map_err(|_| CryptoError::InvalidPublicKey)?;
        let signed = Signature::from_slice(signed).map_err(|_| CryptoError::InvalidSignature)?;
        key.verify_strict(data, &signed).map_err(|_| CryptoError::InvalidSignature)
    }

    /// OpenMLS signs by the device's [`Signer`](openmls_traits::signatures::Signer), and never here.
    fn sign(&self, alg: SignatureScheme, data: &[u8], key: &[u8]) -> Result<Vec<u8>, CryptoError> {
        signature(alg)?;
        self.0.sign(SIGNATURE, data, key)
    }

    fn hpke_seal(
        &self,
        config: HpkeConfig,
        pk_r: &[u8],
        info: &[u8],
        aad: &[u8],
        ptxt: &[u8],
    ) -> Result<HpkeCiphertext, CryptoError> {
        let sealed = hpke(&config)?.seal(&pk_r.into(), info, aad, ptxt, None, None, None);
        let (kem_output, ciphertext) = sealed.map_err(length_or_library)?;
        Ok(HpkeCiphertext { kem_output: kem_output.into(), ciphertext: ciphertext.into() })
    }

    fn hpke_open(
        &self,
        config: HpkeConfig,
        input: &HpkeCiphertext,
        sk_r: &[u8],
        info: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let (kem_output, ciphertext) = (input.kem_output.as_slice(), input.ciphertext.as_slice());
        let opened = hpke(&config)?.open(kem_output, &sk_r.into(), info, aad, ciphertext, None, None, None);
        opened.map_err(|_| CryptoError::HpkeDecryptionError)
    }

    fn hpke_setup_sender_and_export(
        &self,
        config: HpkeConfig,
        pk_r: &[u8],
        info: &[u8],
        exporter_context: &[u8],
        exporter_length: usize,
    ) -> Result<(KemOutput, ExporterSecret), CryptoError> {
        let sender = hpke(&config)?.setup_sender(&pk_r.into(), info, None, None, None);
        let (kem_output, context) = sender.map_err(|_| CryptoError::SenderSetupError)?;
        let secret = context.export(exporter_context, exporter_length).map_err(|_| CryptoError::ExporterError)?;
        Ok((kem_output, secret.into()))
    }

    fn hpke_setup_receiver_and_export(
        &self,
        config: HpkeConfig,
        enc: &[u8],
        sk_r: &[u8],
        info: &[u8],
        exporter_context: &[u8],
        exporter_length: usize,
    ) -> Result<ExporterSecret, CryptoError> {
        let receiver = hpke(&config)?.setup_receiver(enc, &sk_r.into(), info, None, None, None);
        let context = receiver.map_err(|_| CryptoError::ReceiverSetupError)?;
        let secret = context.export(exporter_context, exporter_length).map_err(|_| CryptoError::ExporterError)?;
        Ok(secret.into())
    }

    fn derive_hpke_keypair(&self, config: HpkeConfig, ikm: &[u8]) -> Result<HpkeKeyPair, CryptoError> {
        let (private, public) = hpke(&config)?.derive_key_pair(ikm).map_err(length_or_library)?.into_keys();
        Ok(HpkeKeyPair { private: private.as_slice().into(), public: public.as_slice().into() })
    }
}

fn extract(salt: &[u8], ikm: &[u8]) -> Vec<u8> {
    Hkdf::<Sha384>::extract(Some(salt), ikm).0.to_vec()
}

/// Nothing where the secret is too short, or more is asked for than there can be.
fn expand(prk: &[u8], info: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut expanded = vec![0; length];
    Hkdf::<Sha384>::from_prk(prk).ok()?.expand(info, &mut expanded).ok()?;
    Some(expanded)
}

/// Nothing where key or nonce have another length than theirs.
fn cipher<'a>(key: &[u8], nonce: &'a [u8]) -> Option<(Aes256Gcm, &'a Nonce<aes_gcm::aes::cipher::consts::U12>)> {
    let cipher = Aes256Gcm::new_from_slice(key).ok()?;
    (nonce.len() == NONCE_BYTES).then(|| (cipher, Nonce::from_slice(nonce)))
}

fn seal(key: &[u8], nonce: &[u8], aad: &[u8], msg: &[u8]) -> Option<Vec<u8>> {
    let (cipher, nonce) = cipher(key, nonce)?;
    cipher.encrypt(nonce, Payload { msg, aad }).ok()
}

fn open(key: &[u8], nonce: &[u8], aad: &[u8], msg: &[u8]) -> Option<Vec<u8>> {
    let (cipher, nonce) = cipher(key, nonce)?;
    cipher.decrypt(nonce, Payload { msg, aad }).ok()
}

/// The HPKE of [`CIPHERSUITE`] alone, from the same library.
#[derive(Debug)]
struct SuiteHpke;

fn kem(asked: KemAlgorithm) -> Result<(), HpkeFault> {
    if asked == KEM { Ok(()) } else { Err(HpkeFault::UnknownKemAlgorithm) }
}

fn kdf(asked: KdfAlgorithm) -> Result<(), HpkeFault> {
    if asked == KDF { Ok(()) } else { Err(HpkeFault::UnknownKdfAlgorithm) }
}

fn hpke_aead(asked: AeadAlgorithm) -> Result<(), HpkeFault> {
    if asked == HPKE_AEAD { Ok(()) } else { Err(HpkeFault::UnknownAeadAlgorithm) }
}

impl HpkeCrypto for SuiteHpke {
    type HpkePrng = <HpkeRustCrypto as HpkeCrypto>::HpkePrng;

    fn name() -> String {
        HpkeRustCrypto::name()
    }

    fn supports_kdf(alg: KdfAlgorithm) -> Result<(), HpkeFault> {
        kdf(alg)
    }

    fn supports_kem(alg: KemAlgorithm) -> Result<(), HpkeFault> {
        kem(alg)
    }

    fn supports_aead(alg: AeadAlgorithm) -> Result<(), HpkeFault> {
        hpke_aead(alg)
    }

    fn prng() -> Self::HpkePrng {
        HpkeRustCrypto::prng()
    }

    fn kdf_extract(alg: KdfAlgorithm, salt: &[u8], ikm: &[u8]) -> Result<Vec<u8>, HpkeFault> {
        kdf(alg)?;
        Ok(extract(salt, ikm))
    }

    fn kdf_expand(alg: KdfAlgorithm, prk: &[u8], info: &[u8], output_size: usize) -> Result<Vec<u8>, HpkeFault> {
        kdf(alg)?;
        expand(prk, info, output_size).ok_or(HpkeFault::HpkeInvalidOutputLength)
    }

    /// A key agreement alone is no part of this KEM.
    fn dh(_: KemAlgorithm, _: &[u8], _: &[u8]) -> Result<Vec<u8>, HpkeFault> {
        Err(HpkeFault::UnknownKemAlgorithm)
    }

    fn secret_to_public(_: KemAlgorithm, _: &[u8]) -> Result<Vec<u8>, HpkeFault> {
        Err(HpkeFault::UnsupportedKemOperation)
    }

    fn kem_key_gen(alg: KemAlgorithm, prng: &mut Self::HpkePrng) -> Result<(Vec<u8>, Vec<u8>), HpkeFault> {
        kem(alg)?;
        HpkeRustCrypto::kem_key_gen(KEM, prng)
    }

    fn kem_key_gen_derand(alg: KemAlgorithm, seed: &[u8]) -> Result<(Vec<u8>, Vec<u8>), HpkeFault> {
        kem(alg)?;
        HpkeRustCrypto::kem_key_gen_derand(KEM, seed)
    }

    fn kem_encaps(alg: KemAlgorithm, pk_r: &[u8], prng: &mut Self::HpkePrng) -> Result<(Vec<u8>, Vec<u8>), HpkeFault> {
        kem(alg)?;
        HpkeRustCrypto::kem_encaps(KEM, pk_r, prng)
    }

    fn kem_decaps(alg: KemAlgorithm, ct: &[u8], sk_r: &[u8]) -> Result<Vec<u8>, HpkeFault> {
        kem(alg)?;
        HpkeRustCrypto::kem_decaps(KEM, ct, sk_r)
    }

    fn dh_validate_sk(_: KemAlgorithm, _: &[u8]) -> Result<Vec<u8>, HpkeFault> {
        Err(HpkeFault::UnknownKemAlgorithm)
    }

    fn aead_seal(alg: AeadAlgorithm, key: &[u8], nonce: &[u8], aad: &[u8], msg: &[u8]) -> Result<Vec<u8>, HpkeFault> {
        hpke_aead(alg)?;
        seal(key, nonce, aad, msg).ok_or_else(|| HpkeFault::CryptoLibraryError("sealing failed".into()))
    }

    fn aead_open(alg: AeadAlgorithm, key: &[u8], nonce: &[u8], aad: &[u8], msg: &[u8]) -> Result<Vec<u8>, HpkeFault> {
        hpke_aead(alg)?;
        open(key, nonce, aad, msg).ok_or(HpkeFault::AeadOpenError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours() -> HpkeConfig {
        let (kem, kdf) = (CIPHERSUITE.hpke_kem_algorithm(), CIPHERSUITE.hpke_kdf_algorithm());
        HpkeConfig(kem, kdf, CIPHERSUITE.hpke_aead_algorithm())
    }

    #[test]
    fn what_one_provider_seals_the_other_opens() {
        let (suite, whole) = (SuiteCrypto::default(), RustCrypto::default());
        let keys = suite.derive_hpke_keypair(ours(), &[7; 48]).unwrap();
        let same = whole.derive_hpke_keypair(ours(), &[7; 48]).unwrap();
        assert_eq!((&*keys.private, &keys.public), (&*same.private, &same.public));

        let sealed = suite.hpke_seal(ours(), &keys.public, b"info", b"aad", b"text").unwrap();
        assert_eq!(whole.hpke_open(ours(), &sealed, &keys.private, b"info", b"aad").unwrap(), b"text");
        let sealed = whole.hpke_seal(ours(), &keys.public, b"info", b"aad", b"text").unwrap();
        assert_eq!(suite.hpke_open(ours(), &sealed, &keys.private, b"info", b"aad").unwrap(), b"text");
        assert!(suite.hpke_open(ours(), &sealed, &keys.private, b"info", b"other").is_err());

        let (output, sent) = suite.hpke_setup_sender_and_export(ours(), &keys.public, b"info", b"for", 32).unwrap();
        let got = whole.hpke_setup_receiver_and_export(ours(), &output, &keys.private, b"info", b"for", 32).unwrap();
        assert_eq!(&*sent, &*got);
        let got = suite.hpke_setup_receiver_and_export(ours(), &output, &keys.private, b"info", b"for", 32).unwrap();
        assert_eq!(&*sent, &*got);
    }

    #[test]
    fn each_part_gives_what_the_whole_provider_gives() {
        let (suite, whole) = (SuiteCrypto::default(), RustCrypto::default());
        let (key, nonce) = ([3; 32], [4; 12]);
        let sealed = suite.aead_encrypt(AEAD, &key, b"text", &nonce, b"aad").unwrap();
        assert_eq!(sealed, whole.aead_encrypt(AEAD, &key, b"text", &nonce, b"aad").unwrap());
        assert_eq!(suite.aead_decrypt(AEAD, &key, &sealed, &nonce, b"aad").unwrap(), b"text");
        assert!(suite.aead_decrypt(AEAD, &key, &sealed, &nonce, b"other").is_err());
        assert!(suite.aead_decrypt(AEAD, &key, b"short", &nonce, b"aad").is_err());
        assert!(suite.aead_encrypt(AEAD, &key, b"text", &[4; 11], b"aad").is_err());
        assert!(suite.aead_encrypt(AEAD, &key[1..], b"text", &nonce, b"aad").is_err());

        assert_eq!(suite.hash(HASH, b"data").unwrap(), whole.hash(HASH, b"data").unwrap());
        let mac = |provider: &dyn OpenMlsCrypto| provider.hmac(HASH, b"key", b"message").unwrap().as_slice().to_vec();
        assert_eq!(mac(&suite), mac(&whole));
        let derived = |provider: &dyn OpenMlsCrypto| {
            let prk = provider.hkdf_extract(HASH, b"salt", b"secret").unwrap();
            provider.hkdf_expand(HASH, prk.as_slice(), b"info", 100).unwrap().as_slice().to_vec()
        };
        assert_eq!(derived(&suite), derived(&whole));
        assert!(suite.hkdf_expand(HASH, &[1; 48], b"info", 255 * 48 + 1).is_err());
        assert!(suite.hkdf_expand(HASH, &[1; 47], b"info", 32).is_err());

        let (secret, public) = suite.signature_key_gen(SIGNATURE).unwrap();
        let signed = whole.sign(SIGNATURE, b"data", &secret).unwrap();
        assert_eq!(suite.sign(SIGNATURE, b"data", &secret).unwrap(), signed);
        assert!(suite.verify_signature(SIGNATURE, b"data", &public, &signed).is_ok());
        assert!(suite.verify_signature(SIGNATURE, b"date", &public, &signed).is_err());
        assert!(suite.verify_signature(SIGNATURE, b"data", &public, &signed[1..]).is_err());
        assert!(suite.verify_signature(SIGNATURE, b"data", &public[1..], &signed).is_err());
    }

    /// A key of small order, for which one signature fits every text where it is not looked at strictly.
    #[test]
    fn a_signature_by_a_weak_key_is_refused() {
        let mut weak = [0; 32];
        weak[0] = 1;
        let mut signed = [0; 64];
        signed[0] = 1;
        assert!(SuiteCrypto::default().verify_signature(SIGNATURE, b"any", &weak, &signed).is_err());
    }

    #[test]
    fn the_parts_are_those_of_the_suite() {
        assert_eq!(CIPHERSUITE.aead_algorithm(), AEAD);
        assert_eq!(CIPHERSUITE.hash_algorithm(), HASH);
        assert_eq!(CIPHERSUITE.signature_algorithm(), SIGNATURE);
        assert!(hpke(&ours()).is_ok());
    }

    #[test]
    fn every_other_suite_is_refused() {
        let suite = SuiteCrypto::default();
        assert_eq!(suite.supported_ciphersuites(), [CIPHERSUITE]);
        for other in RustCrypto::default().supported_ciphersuites().into_iter().filter(|other| *other != CIPHERSUITE) {
            assert_eq!(suite.supports(other), Err(CryptoError::UnsupportedCiphersuite), "{other:?}");
            let config =
                HpkeConfig(other.hpke_kem_algorithm(), other.hpke_kdf_algorithm(), other.hpke_aead_algorithm());
            // Of the same three, with another signature, there may be one.
            let is_same = format!("{config:?}") == format!("{:?}", ours());
            assert_eq!(suite.derive_hpke_keypair(config, &[7; 48]).is_ok(), is_same, "{other:?}");
        }
        assert!(suite.hash(HashType::Sha2_256, b"").is_err() && suite.hmac(HashType::Sha2_512, b"", b"").is_err());
        assert!(suite.aead_encrypt(AeadType::Aes128Gcm, &[0; 16], b"", &[0; 12], b"").is_err());
        assert!(suite.aead_encrypt(AeadType::ChaCha20Poly1305, &[0; 32], b"", &[0; 12], b"").is_err());
        assert!(suite.signature_key_gen(SignatureScheme::ECDSA_SECP384R1_SHA384).is_err());
    }
}

//! What OpenMLS is given to work with: cryptography, its own randomness, and the caller's store.

use std::sync::LazyLock;

use openmls::prelude::{
    BasicCredential, Capabilities, Ciphersuite, CredentialType, CredentialWithKey, ExtensionType, Lifetime,
    MlsGroupJoinConfig, PURE_CIPHERTEXT_WIRE_FORMAT_POLICY, SenderRatchetConfiguration,
};
use openmls_rust_crypto::RustCrypto;
use openmls_traits::OpenMlsProvider;
use openmls_traits::signatures::{Signer, SignerError};
use openmls_traits::types::SignatureScheme;

use super::roster::ROSTER_EXTENSION;
use super::storage::Storage;
use super::suite::SuiteCrypto;
use crate::identity::{DeviceSecret, LocalDevice, credential_bytes};
use crate::store::GroupStore;

/// The suite of every conversation that is created: hybrid post-quantum key agreement, AES-256-GCM, SHA-384, Ed25519.
pub(super) const CIPHERSUITE: Ciphersuite = Ciphersuite::MLS_128_MLKEM768X25519_AES256GCM_SHA384_Ed25519;

/// How many messages of one sender may be skipped. The server orders and drops none, so that a gap comes only from
/// messages that this device threw away itself; each skipped step costs a derivation, which bounds what a forged
/// generation number can make a device compute.
const FORWARD_DISTANCE: u32 = 2000;

/// Keys of this many skipped messages of a sender are kept. The server orders, but a submission that it put off may be
/// ordered behind later ones of the same device, of which at most this many are under way: none of them may be lost.
const OUT_OF_ORDER_TOLERANCE: u32 = huis_proto::limits::SUBMISSIONS_IN_FLIGHT as u32;

/// Secrets of past epochs are not kept: the server refuses messages sealed before the newest commit, so that none
/// comes after it.
pub(super) const PAST_EPOCHS: usize = 0;

/// Signs key packages and leaves for this long: 83 days, in seconds. Expiry hinders the use of a key package alone;
/// joins skip it for leaves.
pub(super) const LIFETIME_SECONDS: u64 = 83 * 24 * 3600;
/// A key package is valid from a day and an hour before its making, in seconds, for those whose clock is behind: OpenMLS compares
/// it with the machine's own clock.
pub(super) const LIFETIME_MARGIN_SECONDS: u64 = 25 * 3600;

static CRYPTO: LazyLock<SuiteCrypto> = LazyLock::new(SuiteCrypto::default);

/// OpenMLS's provider over a store.
pub(super) struct Backend<'a> {
    storage: Storage<'a>,
}

impl<'a> Backend<'a> {
    pub(super) fn over(store: &'a dyn GroupStore) -> Self {
        Self { storage: Storage(store) }
    }
}

impl<'a> OpenMlsProvider for Backend<'a> {
    type CryptoProvider = SuiteCrypto;
    type RandProvider = RustCrypto;
    type StorageProvider = Storage<'a>;

    fn storage(&self) -> &Storage<'a> {
        &self.storage
    }

    fn crypto(&self) -> &SuiteCrypto {
        crypto()
    }

    fn rand(&self) -> &RustCrypto {
        &crypto().0
    }
}

pub(super) fn crypto() -> &'static SuiteCrypto {
    &CRYPTO
}

/// The device's key in the form in which OpenMLS signs with it.
pub(super) fn signer(me: &LocalDevice) -> DeviceSigner<'_> {
    DeviceSigner(&me.secret)
}

/// Signs with a device's key.
pub(super) struct DeviceSigner<'a>(&'a DeviceSecret);

impl Signer for DeviceSigner<'_> {
    fn sign(&self, payload: &[u8]) -> Result<Vec<u8>, SignerError> {
        Ok(self.0.sign_mls(payload).to_vec())
    }

    fn signature_scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}

/// The device's name and key as they stand in its leaves.
pub(super) fn credential(me: &LocalDevice) -> CredentialWithKey {
    CredentialWithKey {
        credential: BasicCredential::new(credential_bytes(me.member)).into(),
        signature_key: me.secret.public().0.to_vec().into(),
    }
}

/// What a leaf says that it can do. The suite stands here explicitly: OpenMLS's default does not name it.
pub(super) fn capabilities() -> Capabilities {
    Capabilities::builder()
        .ciphersuites(vec![CIPHERSUITE])
        .extensions(vec![ExtensionType::LastResort, ExtensionType::Unknown(ROSTER_EXTENSION)])
        .proposals(vec![])
        .credentials(vec![CredentialType::Basic])
        .build()
}

pub(super) fn sender_ratchets() -> SenderRatchetConfiguration {
    SenderRatchetConfiguration::new(OUT_OF_ORDER_TOLERANCE, FORWARD_DISTANCE)
}

/// How a joined group is kept.
pub(super) fn join_config() -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY)
        .use_ratchet_tree_extension(true)
        .padding_size(0)
        .max_past_epochs(PAST_EPOCHS)
        .number_of_resumption_psks(0)
        .sender_ratchet_configuration(sender_ratchets())
        .build()
}

/// The lifetime of what is signed at `now_ms`.
pub(super) fn lifetime(now_ms: u64) -> Lifetime {
    let now = now_ms / 1000;
    Lifetime::init(now.saturating_sub(LIFETIME_MARGIN_SECONDS), now.saturating_add(LIFETIME_SECONDS))
}

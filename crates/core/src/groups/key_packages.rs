//! Key packages: what a device leaves with the server, so that others can add it while it is away.

use huis_proto::{Member, limits};
use openmls::prelude::tls_codec::Deserialize as _;
use openmls::prelude::{KeyPackage, MlsMessageBodyIn, MlsMessageIn, MlsMessageOut, ProtocolVersion};
use openmls_traits::OpenMlsProvider as _;
use openmls_traits::storage::StorageProvider as _;

use super::backend::{self, Backend, CIPHERSUITE};
use super::rules::Leaf;
use super::{GroupError, leaf_of_node, to_bytes};
use crate::directory::KnownDevices;
use crate::identity::LocalDevice;
use crate::store::{GroupStore, Overlay};

/// How often a key package may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Once: its private key is destroyed at the first join.
    Once,
    /// When no other is left. Weaker: who steals its private key can open every welcome made with it.
    LastResort,
}

/// A key package that belongs to a listed device and may be used to add it.
#[derive(Debug, Clone)]
pub struct VerifiedKeyPackage {
    pub(super) package: KeyPackage,
    pub(super) leaf: Leaf,
}

/// Why a key package is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyPackageError {
    /// Not a key package of our suite, or its signature is wrong.
    #[error("not a valid key package: {0}")]
    Invalid(String),
    /// It belongs to another device than the one that was asked for: the server swapped it.
    #[error("the key package belongs to another device than {} of account {}", .0.device, .0.account)]
    OtherDevice(Member),
    /// The newest device list that is known does not name the device with this key.
    #[error("device {} of account {} is not on its account's device list with this key", .0.device, .0.account)]
    Unlisted(Member),
    /// Its time is over, or it claims too long a time.
    #[error("the key package has expired or is not valid yet")]
    Lifetime,
}

/// Makes a key package and keeps its private keys in the store. `now_ms` is the server's time where the device's own
/// is off.
///
/// # Errors
/// [`GroupError`] where the store fails.
pub fn make(store: &dyn GroupStore, me: &LocalDevice, usage: Use, now_ms: u64) -> Result<Vec<u8>, GroupError> {
    let overlay = Overlay::new(store);
    let builder = KeyPackage::builder()
        .key_package_lifetime(backend::lifetime(now_ms))
        .leaf_node_capabilities(backend::capabilities());
    let builder = match usage {
        Use::Once => builder,
        Use::LastResort => builder.mark_as_last_resort(),
    };
    let bundle = builder
        .build(CIPHERSUITE, &Backend::over(&overlay), &backend::signer(me), backend::credential(me))
        .map_err(|error| GroupError::Mls(error.to_string()))?;
    let bytes = to_bytes(&MlsMessageOut::from(bundle.into_key_package()))?;
    overlay.flush()?;
    Ok(bytes)
}

/// Destroys the private keys of an own key package, for instance a replaced last-resort one.
///
/// # Errors
/// [`GroupError`] where the store fails or the bytes are no key package.
pub fn forget(store: &dyn GroupStore, key_package: &[u8]) -> Result<(), GroupError> {
    let package = read(key_package).map_err(|error| GroupError::Mls(error.to_string()))?;
    let reference = package.hash_ref(backend::crypto()).map_err(|error| GroupError::Mls(error.to_string()))?;
    Ok(Backend::over(store).storage().delete_key_package(&reference)?)
}

impl VerifiedKeyPackage {
    /// Checks a key package that the server gave for `expected`.
    ///
    /// # Errors
    /// [`KeyPackageError`] says what is wrong with it.
    pub fn verify(bytes: &[u8], expected: Member, known: &KnownDevices, now_ms: u64) -> Result<Self, KeyPackageError> {
        let package = read(bytes)?;
        let leaf = leaf_of_node(package.leaf_node()).ok_or(KeyPackageError::OtherDevice(expected))?;
        if leaf.member != expected {
            return Err(KeyPackageError::OtherDevice(expected));
        }
        if !known.lists(leaf.member, &leaf.key) {
            return Err(KeyPackageError::Unlisted(expected));
        }
        let (lifetime, now) = (package.life_time(), now_ms / 1000);
        let valid = (lifetime.not_before()..lifetime.not_after()).contains(&now);
        if !valid || !lifetime.has_acceptable_range() {
            return Err(KeyPackageError::Lifetime);
        }
        Ok(Self { package, leaf })
    }

    /// The device that it adds.
    pub fn member(&self) -> Member {
        self.leaf.member
    }
}

fn read(bytes: &[u8]) -> Result<KeyPackage, KeyPackageError> {
    let invalid = |what: String| KeyPackageError::Invalid(what);
    if bytes.len() > limits::KEY_PACKAGE {
        return Err(invalid(format!("{} bytes", bytes.len())));
    }
    let message = MlsMessageIn::tls_deserialize_exact(bytes).map_err(|error| invalid(error.to_string()))?;
    let MlsMessageBodyIn::KeyPackage(package) = message.extract() else {
        return Err(invalid("another kind of MLS message".into()));
    };
    let package =
        package.validate(backend::crypto(), ProtocolVersion::Mls10).map_err(|error| invalid(error.to_string()))?;
    if package.ciphersuite() != CIPHERSUITE {
        return Err(invalid(format!("suite {:?}", package.ciphersuite())));
    }
    Ok(package)
}

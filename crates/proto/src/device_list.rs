//! The numbered, hash-chained list of an account's devices, signed by the account's identity key.
//!
//! The newest list that a device has seen decides: a leaf of a group that does not stand in it is refused, and an
//! older list is never accepted again.

use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::codec::{self, CodecError};
use crate::labels::{self, BadSignature};
use crate::{AccountId, Bytes, Bytes32, DeviceId, limits};

/// The version byte.
const VERSION: u8 = 1;

/// The devices of an account at one number of its list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceList {
    /// Whose list it is.
    pub account: AccountId,
    /// Counts from 1 without gaps.
    pub number: u64,
    /// [`SignedDeviceList::hash`] of the list before; zeros for number 1.
    pub previous: Bytes32,
    /// When it was signed, in milliseconds since 1970 by the signer's clock.
    pub signed_at_ms: u64,
    /// The number of the account state that the signer had opened: a device that has seen none yet refuses an older one.
    /// Never lower than that of the list before.
    pub state_number: u64,
    /// The devices, in the order in which they were added, each once.
    pub devices: Vec<ListedDevice>,
}

/// One device of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedDevice {
    /// The device.
    pub device: DeviceId,
    /// The Ed25519 key of its MLS leaves and of its session.
    pub signature_key: Bytes32,
    /// When it was added, in milliseconds since 1970 by the signer's clock.
    pub added_at_ms: u64,
}

/// A device list with its signature, as it is stored and sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignedDeviceList {
    /// Version byte 1, then CBOR of [`DeviceList`].
    pub list: Bytes,
    /// Ed25519 signature under the label [`labels::DEVICE_LIST`].
    pub signature: Bytes,
}

/// Why a device list is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeviceListError {
    /// Not signed by the account's identity key.
    #[error("the device list is not signed by the account's identity key")]
    Signature(#[from] BadSignature),
    /// Not a device list.
    #[error("the device list can't be read: {0}")]
    Form(#[from] CodecError),
    /// Another account's list.
    #[error("the device list belongs to account {0}")]
    OtherAccount(AccountId),
    /// Does not directly follow the list that is known.
    #[error("device list {found} does not follow list {known}")]
    Chain {
        /// The newest number that is known.
        known: u64,
        /// The number that was offered.
        found: u64,
    },
    /// A device stands in it twice, or there are too many.
    #[error("the device list names {0} devices; each may stand once, {max} at most", max = limits::DEVICES)]
    Devices(usize),
}

impl DeviceList {
    /// Signs the list with the account's identity key.
    pub fn sign(&self, identity: &SigningKey) -> SignedDeviceList {
        let list = codec::to_versioned(VERSION, self);
        let signature = labels::sign(identity, labels::DEVICE_LIST, &list);
        SignedDeviceList { list: Bytes(list), signature }
    }

    /// The device's entry, if it is listed.
    pub fn device(&self, device: DeviceId) -> Option<&ListedDevice> {
        self.devices.iter().find(|listed| listed.device == device)
    }
}

impl SignedDeviceList {
    /// SHA-256 over the list's bytes: what the next list names as its previous one.
    pub fn hash(&self) -> Bytes32 {
        Bytes32(Sha256::digest(&*self.list).into())
    }

    /// The list, if `identity` signed it for `account`. Says nothing about which list it follows.
    ///
    /// # Errors
    /// [`DeviceListError`], but for `Chain`.
    pub fn open(&self, account: AccountId, identity: &Bytes32) -> Result<DeviceList, DeviceListError> {
        labels::verify(identity, labels::DEVICE_LIST, &self.list, &self.signature)?;
        let list: DeviceList = codec::from_versioned(VERSION, &self.list)?;
        if list.account != account {
            return Err(DeviceListError::OtherAccount(list.account));
        }
        let mut ids: Vec<_> = list.devices.iter().map(|listed| listed.device).collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.len() != list.devices.len() || ids.len() > limits::DEVICES {
            return Err(DeviceListError::Devices(list.devices.len()));
        }
        Ok(list)
    }

    /// The list, if `identity` signed it for `account` and it directly follows `known` (its number and hash; `None`
    /// where it must be the first).
    ///
    /// # Errors
    /// [`DeviceListError`]; `Chain` where the number or the hash of the previous list does not fit.
    pub fn open_next(
        &self,
        account: AccountId,
        identity: &Bytes32,
        known: Option<(u64, Bytes32)>,
    ) -> Result<DeviceList, DeviceListError> {
        let list = self.open(account, identity)?;
        let (known_number, known_hash) = known.unwrap_or((0, Bytes32([0; 32])));
        if known_number.checked_add(1) == Some(list.number) && list.previous == known_hash {
            Ok(list)
        } else {
            Err(DeviceListError::Chain { known: known_number, found: list.number })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: AccountId = AccountId::from_bytes([1; 16]);

    fn identity() -> (SigningKey, Bytes32) {
        let key = SigningKey::from_bytes(&[9; 32]);
        let public = Bytes32(key.verifying_key().to_bytes());
        (key, public)
    }

    fn list(number: u64, previous: Bytes32, devices: &[u8]) -> DeviceList {
        let devices = devices
            .iter()
            .map(|byte| ListedDevice {
                device: DeviceId::from_bytes([*byte; 16]),
                signature_key: Bytes32([*byte; 32]),
                added_at_ms: 5,
            })
            .collect();
        DeviceList { account: ACCOUNT, number, previous, signed_at_ms: 5, state_number: 1, devices }
    }

    #[test]
    fn a_chain_of_lists_is_followed_and_an_older_list_is_refused() {
        let (key, public) = identity();
        let first = list(1, Bytes32([0; 32]), &[2]).sign(&key);
        let second = list(2, first.hash(), &[2, 3]).sign(&key);
        assert!(first.open_next(ACCOUNT, &public, None).is_ok());
        assert!(second.open_next(ACCOUNT, &public, Some((1, first.hash()))).is_ok());
        let again = first.open_next(ACCOUNT, &public, Some((2, second.hash())));
        assert_eq!(again, Err(DeviceListError::Chain { known: 2, found: 1 }));
        let forked = list(2, Bytes32([8; 32]), &[2, 3]).sign(&key).open_next(ACCOUNT, &public, Some((1, first.hash())));
        assert_eq!(forked, Err(DeviceListError::Chain { known: 1, found: 2 }));
    }

    #[test]
    fn a_list_of_another_key_or_account_is_refused() {
        let (key, public) = identity();
        let other = SigningKey::from_bytes(&[8; 32]);
        let forged = list(1, Bytes32([0; 32]), &[2]).sign(&other);
        assert_eq!(forged.open(ACCOUNT, &public), Err(DeviceListError::Signature(BadSignature)));
        let stranger = AccountId::from_bytes([4; 16]);
        let signed = list(1, Bytes32([0; 32]), &[2]).sign(&key);
        assert_eq!(signed.open(stranger, &public), Err(DeviceListError::OtherAccount(ACCOUNT)));
    }

    #[test]
    fn a_device_that_stands_twice_is_refused() {
        let (key, public) = identity();
        let signed = list(1, Bytes32([0; 32]), &[2, 2]).sign(&key);
        assert_eq!(signed.open(ACCOUNT, &public), Err(DeviceListError::Devices(2)));
    }

    #[test]
    fn a_signed_list_keeps_its_bytes() {
        let (key, _) = identity();
        let signed = list(1, Bytes32([0; 32]), &[2]).sign(&key);
        insta::assert_snapshot!(serde_json::to_string(&signed).unwrap());
    }
}

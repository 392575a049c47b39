//! The numbered, hash-chained list of an account's devices, signed by the account's identity key.
//!
//! The newest list that a device has seen decides: a leaf of a group that does not stand in it is refused, and an
//! older list is never accepted again.
//!
//! Each list names the identity key that signs it. A list may name another one than the list before: then it carries a
//! *handover*, the signature by which the identity before gives the account to the one that the list names.

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
    /// The identity key that signs it: that of the list before, or one to which that handed the account over.
    pub identity: Bytes32,
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
    /// Ed25519 signature under the label [`labels::DEVICE_LIST`], of the identity that the list names.
    pub signature: Bytes,
    /// Where the list names another identity than the one before: the signature of that one over [`handover`], under the
    /// label [`labels::HANDOVER`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handover: Option<Bytes>,
}

/// Why a device list is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeviceListError {
    /// Not signed by the identity key that it names.
    #[error("the device list is not signed by the account's identity key")]
    Signature(#[from] BadSignature),
    /// Names another identity key than the account's, which has handed the account over to nobody.
    #[error("the device list names another identity key than the account's")]
    OtherIdentity,
    /// A handover that the identity before has not signed for this list, or that hands nothing over.
    #[error("the device list's handover to another identity key is not signed by the one before, or not asked for")]
    Handover,
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
    /// Signs the list with the identity key that it names.
    pub fn sign(&self, identity: &SigningKey) -> SignedDeviceList {
        let list = codec::to_versioned(VERSION, self);
        let signature = labels::sign(identity, labels::DEVICE_LIST, &list);
        SignedDeviceList { list: Bytes(list), signature, handover: None }
    }

    /// Signs the list with the identity key that it names, to which the one `before` hands the account over.
    pub fn sign_over(&self, identity: &SigningKey, before: &SigningKey) -> SignedDeviceList {
        let signed = self.sign(identity);
        let over = handover(self.account, self.number, &signed.hash());
        SignedDeviceList { handover: Some(labels::sign(before, labels::HANDOVER, &over)), ..signed }
    }

    /// The device's entry, if it is listed.
    pub fn device(&self, device: DeviceId) -> Option<&ListedDevice> {
        self.devices.iter().find(|listed| listed.device == device)
    }
}

/// What a handover signs: version byte 1, the account, the number of the list that names the identity to come (8 bytes)
/// and its hash; 57 bytes.
pub fn handover(account: AccountId, number: u64, hash: &Bytes32) -> Vec<u8> {
    [&[VERSION], &account.as_bytes()[..], &number.to_be_bytes(), &hash.0].concat()
}

impl SignedDeviceList {
    /// SHA-256 over the list's bytes: what the next list names as its previous one.
    pub fn hash(&self) -> Bytes32 {
        Bytes32(Sha256::digest(&*self.list).into())
    }

    /// The list, if `identity` signed it for `account`. Says nothing about which list it follows.
    ///
    /// # Errors
    /// [`DeviceListError`], but for `Chain` and `Handover`.
    pub fn open(&self, account: AccountId, identity: &Bytes32) -> Result<DeviceList, DeviceListError> {
        let list = self.open_unpinned(account)?;
        if list.identity == *identity { Ok(list) } else { Err(DeviceListError::OtherIdentity) }
    }

    /// The list, if the identity that it names signed it for `account`. **Says nothing about whose identity that is**, nor
    /// about which list it follows: for the first list of an account that was never seen before.
    ///
    /// # Errors
    /// [`DeviceListError`], but for `Chain`, `OtherIdentity` and `Handover`.
    pub fn open_unpinned(&self, account: AccountId) -> Result<DeviceList, DeviceListError> {
        let list: DeviceList = codec::from_versioned(VERSION, &self.list)?;
        labels::verify(&list.identity, labels::DEVICE_LIST, &self.list, &self.signature)?;
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

    /// The list, if it directly follows `known` (its number and hash; `None` where it must be the first) and is signed for
    /// `account` by `identity`, the one of `known`, or by another one to which `identity` hands the account over in it. The
    /// list says which ([`DeviceList::identity`]). A first list is handed over by nobody.
    ///
    /// # Errors
    /// [`DeviceListError`]; `Chain` where the number or the hash of the previous list does not fit.
    pub fn open_next(
        &self,
        account: AccountId,
        identity: &Bytes32,
        known: Option<(u64, Bytes32)>,
    ) -> Result<DeviceList, DeviceListError> {
        let list = self.open_unpinned(account)?;
        match &self.handover {
            None if list.identity == *identity => {}
            None => return Err(DeviceListError::OtherIdentity),
            Some(signature) if known.is_some() && list.identity != *identity => {
                let over = handover(account, list.number, &self.hash());
                labels::verify(identity, labels::HANDOVER, &over, signature).map_err(|_| DeviceListError::Handover)?;
            }
            Some(_) => return Err(DeviceListError::Handover),
        }
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
        DeviceList {
            account: ACCOUNT,
            number,
            previous,
            identity: identity().1,
            signed_at_ms: 5,
            state_number: 1,
            devices,
        }
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

    fn successor() -> (SigningKey, Bytes32) {
        let key = SigningKey::from_bytes(&[6; 32]);
        let public = Bytes32(key.verifying_key().to_bytes());
        (key, public)
    }

    #[test]
    fn an_account_is_handed_over_by_the_identity_before_alone() {
        let ((key, public), (next_key, next)) = (identity(), successor());
        let first = list(1, Bytes32([0; 32]), &[2, 3]).sign(&key);
        let known = Some((1, first.hash()));
        let second = DeviceList { identity: next, ..list(2, first.hash(), &[2]) };
        let over = second.sign_over(&next_key, &key);
        assert_eq!(over.open_next(ACCOUNT, &public, known).as_ref(), Ok(&second));
        // From there on the identity before signs nothing.
        let after = Some((2, over.hash()));
        let third = DeviceList { identity: next, ..list(3, over.hash(), &[2]) };
        assert!(third.sign(&next_key).open_next(ACCOUNT, &next, after).is_ok());
        let of_before = list(3, over.hash(), &[2]).sign(&key);
        assert_eq!(of_before.open_next(ACCOUNT, &next, after), Err(DeviceListError::OtherIdentity));
        let forged = third.sign(&key).open_next(ACCOUNT, &next, after);
        assert_eq!(forged, Err(DeviceListError::Signature(BadSignature)));

        let refused = |signed: &SignedDeviceList| signed.open_next(ACCOUNT, &public, known).unwrap_err();
        assert_eq!(refused(&second.sign(&next_key)), DeviceListError::OtherIdentity);
        assert_eq!(refused(&second.sign_over(&next_key, &next_key)), DeviceListError::Handover);
        let cut = SignedDeviceList { handover: Some(Bytes(vec![1; 12])), ..over.clone() };
        assert_eq!(refused(&cut), DeviceListError::Handover);
        // The handover of one list is none for another, and the signature of a list is no handover.
        let other = DeviceList { signed_at_ms: 6, ..second.clone() }.sign(&next_key);
        let moved = SignedDeviceList { handover: over.handover.clone(), ..other };
        assert_eq!(refused(&moved), DeviceListError::Handover);
        let as_list = labels::sign(&key, labels::DEVICE_LIST, &handover(ACCOUNT, 2, &over.hash()));
        assert_eq!(refused(&SignedDeviceList { handover: Some(as_list), ..over.clone() }), DeviceListError::Handover);
        // Nobody hands over to itself, and nobody hands a first list over.
        assert_eq!(refused(&list(2, first.hash(), &[2]).sign_over(&key, &key)), DeviceListError::Handover);
        let first_over = DeviceList { identity: next, ..list(1, Bytes32([0; 32]), &[2]) }.sign_over(&next_key, &key);
        assert_eq!(first_over.open_next(ACCOUNT, &public, None), Err(DeviceListError::Handover));
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

    #[test]
    fn a_list_with_a_handover_keeps_its_bytes() {
        let ((key, _), (next_key, next)) = (identity(), successor());
        let signed = DeviceList { identity: next, ..list(2, Bytes32([7; 32]), &[2]) }.sign_over(&next_key, &key);
        insta::assert_snapshot!(serde_json::to_string(&signed).unwrap());
    }
}

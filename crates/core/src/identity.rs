//! Who an account and its devices are: the identity key, device keys, and the name that a device bears in a group.

use ed25519_dalek::{Signer as _, SigningKey};
use huis_proto::codec::{self, CodecError};
use huis_proto::device_list::{DeviceList, SignedDeviceList};
use huis_proto::{AccountId, Bytes, Bytes32, DeviceId, Member, labels};
use rand::{CryptoRng, RngCore};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::secret::secret_key;

secret_key!(
    /// The secret half of an account's identity key (Ed25519, RFC 8032). **It lives in the vault alone**, is opened to
    /// sign a device list, and dropped at once: no device keeps it.
    IdentitySecret
);

secret_key!(
    /// A device's own signing key (Ed25519): the key of its MLS leaves and of its session.
    DeviceSecret
);

/// The public half of an account's identity key, which contacts pin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct IdentityKey(pub Bytes32);

/// This device: who it is in a group, and the key that says so.
#[derive(Debug)]
pub struct LocalDevice {
    /// Account and device.
    pub member: Member,
    /// The device's key.
    pub secret: DeviceSecret,
}

impl IdentitySecret {
    /// The public half.
    pub fn key(&self) -> IdentityKey {
        IdentityKey(Bytes32(self.signing_key().verifying_key().to_bytes()))
    }

    /// Signs a device list of the account, which names this identity.
    pub fn sign_device_list(&self, list: &DeviceList) -> SignedDeviceList {
        list.sign(&self.signing_key())
    }

    /// Hands the account over to the identity `to`, which the list names and which signs it.
    pub fn hand_over(&self, to: &Self, list: &DeviceList) -> SignedDeviceList {
        list.sign_over(&to.signing_key(), &self.signing_key())
    }

    fn signing_key(&self) -> SigningKey {
        SigningKey::from_bytes(self.expose())
    }
}

/// The version byte of a stored device secret.
const STORED_DEVICE_SECRET: u8 = 1;

impl DeviceSecret {
    /// The public half: what stands in the device list and in every leaf of the device.
    pub fn public(&self) -> Bytes32 {
        Bytes32(self.signing_key().verifying_key().to_bytes())
    }

    /// Signs `bytes` for the purpose `label` (see [`huis_proto::labels`]); 64 bytes.
    pub fn sign(&self, label: &str, bytes: &[u8]) -> Bytes {
        labels::sign(&self.signing_key(), label, bytes)
    }

    /// Signs what MLS has labelled itself (RFC 9420, section 5.1.2), and nothing else.
    pub(crate) fn sign_mls(&self, labelled: &[u8]) -> [u8; 64] {
        self.signing_key().sign(labelled).to_bytes()
    }

    /// The form in which the secret stands in the encrypted database, **and nowhere else**: a version byte and 32 bytes.
    pub fn to_stored(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new([&[STORED_DEVICE_SECRET], &self.expose()[..]].concat())
    }

    /// Reads what [`to_stored`](Self::to_stored) wrote.
    ///
    /// # Errors
    /// [`CodecError`] for another version or length.
    pub fn from_stored(bytes: &[u8]) -> Result<Self, CodecError> {
        match bytes.split_first() {
            Some((&STORED_DEVICE_SECRET, secret)) => secret
                .try_into()
                .map(Self::from_bytes)
                .map_err(|_| CodecError::Malformed("a device secret has 32 bytes".into())),
            Some((&found, _)) => Err(CodecError::Version { found, newest: STORED_DEVICE_SECRET }),
            None => Err(CodecError::Malformed("nothing there".into())),
        }
    }

    fn signing_key(&self) -> SigningKey {
        SigningKey::from_bytes(self.expose())
    }
}

/// The version byte of a device credential.
const CREDENTIAL: u8 = 1;

/// The identity of an MLS `BasicCredential` (RFC 9420, section 5.3): version byte 1, account id, device id; 33 bytes.
pub fn credential_bytes(member: Member) -> Vec<u8> {
    [&[CREDENTIAL], &member.account.as_bytes()[..], &member.device.as_bytes()[..]].concat()
}

/// Reads what [`credential_bytes`] wrote.
///
/// # Errors
/// [`CodecError`] for another version or length.
pub fn member_of_credential(bytes: &[u8]) -> Result<Member, CodecError> {
    let (version, ids) = bytes.split_first().ok_or_else(|| CodecError::Malformed("nothing there".into()))?;
    if *version != CREDENTIAL {
        return Err(CodecError::Version { found: *version, newest: CREDENTIAL });
    }
    let wrong = || CodecError::Malformed("a device credential has 33 bytes".into());
    let (account, device) = ids.split_at_checked(16).ok_or_else(wrong)?;
    Ok(Member {
        account: AccountId::try_from(account).map_err(|_| wrong())?,
        device: DeviceId::try_from(device).map_err(|_| wrong())?,
    })
}

/// The first list of an account, or the one after `previous`, to be signed by `identity`: number and hash follow by
/// themselves. `state_number` is that of the newest account state that this device has opened.
pub fn next_device_list(
    account: AccountId,
    identity: IdentityKey,
    previous: Option<ListPosition>,
    signed_at_ms: u64,
    state_number: u64,
    devices: Vec<huis_proto::device_list::ListedDevice>,
) -> DeviceList {
    let previous = previous.unwrap_or(ListPosition { number: 0, hash: Bytes32([0; 32]), state_number: 0 });
    let (number, state_number) = (previous.number.saturating_add(1), state_number.max(previous.state_number));
    let (previous, identity) = (previous.hash, identity.0);
    DeviceList { account, number, previous, identity, signed_at_ms, state_number, devices }
}

/// What the next device list continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListPosition {
    /// The list's number.
    pub number: u64,
    /// Its hash.
    pub hash: Bytes32,
    /// The number of the account state that it names.
    pub state_number: u64,
}

impl LocalDevice {
    /// A fresh device of `account`.
    pub fn generate(rng: &mut (impl RngCore + CryptoRng), account: AccountId) -> Self {
        let device = DeviceId::random(rng);
        Self { member: Member { account, device }, secret: DeviceSecret::random(rng) }
    }
}

/// Where a signed list stands, for [`next_device_list`].
///
/// # Errors
/// [`CodecError`] where the list's bytes can't be read.
pub fn list_position(list: &SignedDeviceList) -> Result<ListPosition, CodecError> {
    let DeviceList { number, state_number, .. } = codec::from_versioned(1, &list.list)?;
    Ok(ListPosition { number, hash: list.hash(), state_number })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member() -> Member {
        Member { account: AccountId::from_bytes([1; 16]), device: DeviceId::from_bytes([2; 16]) }
    }

    #[test]
    fn a_credential_keeps_its_bytes() {
        let bytes = credential_bytes(member());
        assert_eq!(bytes, [vec![1], vec![1; 16], vec![2; 16]].concat());
        assert_eq!(member_of_credential(&bytes).unwrap(), member());
        assert!(member_of_credential(&bytes[..32]).is_err());
        assert_eq!(
            member_of_credential(&[&[2], &bytes[1..]].concat()),
            Err(CodecError::Version { found: 2, newest: 1 })
        );
    }

    #[test]
    fn a_device_list_names_no_older_account_state_than_the_one_before() {
        let identity = IdentitySecret::from_bytes(&[1; 32]);
        let first = next_device_list(member().account, identity.key(), None, 0, 7, vec![]);
        let position = list_position(&identity.sign_device_list(&first)).unwrap();
        assert_eq!((position.number, position.state_number), (1, 7));
        assert_eq!(next_device_list(member().account, identity.key(), Some(position), 0, 5, vec![]).state_number, 7);
        assert_eq!(next_device_list(member().account, identity.key(), Some(position), 0, 9, vec![]).state_number, 9);
    }

    #[test]
    fn debug_of_identity_and_device_secrets_shows_nothing() {
        let device = LocalDevice { member: member(), secret: DeviceSecret::from_bytes(&[0xab; 32]) };
        let identity = IdentitySecret::from_bytes(&[0xab; 32]);
        let shown = format!("{device:?} {identity:?}");
        assert!(!shown.contains("171") && !shown.to_lowercase().contains("abab"), "{shown}");
    }

    #[test]
    fn a_stored_device_secret_keeps_its_bytes_and_comes_back() {
        let secret = DeviceSecret::from_bytes(&[7; 32]);
        let stored = secret.to_stored();
        assert_eq!(*stored, [vec![1], vec![7; 32]].concat());
        assert_eq!(DeviceSecret::from_stored(&stored).unwrap(), secret);
        assert!(DeviceSecret::from_stored(&stored[..20]).is_err());
    }
}

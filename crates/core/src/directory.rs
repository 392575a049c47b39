//! Which devices belong to which account: pinned identity keys and their chains of device lists.
//!
//! The chain of an account is followed from its first list without gaps, so that for every device that ever was listed
//! the first and the last list that names it are known. A list that is older than the newest one, or forks from it, is
//! never accepted.

use std::collections::BTreeMap;

use huis_proto::codec::{self, CodecError};
use huis_proto::device_list::{DeviceList, DeviceListError, SignedDeviceList};
use huis_proto::{AccountId, Bytes32, DeviceId, Member};
use serde::{Deserialize, Serialize};

use crate::account_state::Pin;
use crate::identity::IdentityKey;

/// The version byte of a stored [`AccountDevices`].
const VERSION: u8 = 1;
/// More devices than this an account never had; a chain beyond it is an attack on memory.
const MOST_RECORDED: usize = 4096;

/// The accounts that this device knows, with their devices.
#[derive(Debug, Clone, Default)]
pub struct KnownDevices {
    accounts: BTreeMap<AccountId, AccountDevices>,
}

/// One account: its pinned identity key, the newest list, and every device that any of its lists named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountDevices {
    account: AccountId,
    identity: IdentityKey,
    /// 0 before the first list.
    number: u64,
    hash: Bytes32,
    /// A list that another device of this account has seen: the chain must pass through it.
    must_pass: Option<(u64, Bytes32)>,
    devices: BTreeMap<DeviceId, DeviceRecord>,
}

/// What the lists say of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceRecord {
    /// Its signature key.
    pub key: Bytes32,
    /// The number of the first list that names it.
    pub first: u64,
    /// The number of the last list that names it; the newest list's where it is listed still.
    pub last: u64,
}

/// What came of lists that were accepted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accepted {
    /// The number of the newest list.
    pub number: u64,
    /// Devices that stand in the newest list and did not before.
    pub added: Vec<DeviceId>,
    /// Devices that stood in the list before and do not any more.
    pub revoked: Vec<DeviceId>,
}

/// Why device lists are refused. Nothing of the offered lists is taken then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryError {
    /// The account shows another identity key than the pinned one. Shown to the person, never swallowed.
    #[error("the identity key of account {account} has changed")]
    IdentityChanged {
        /// Whose key.
        account: AccountId,
        /// The key that is pinned.
        pinned: IdentityKey,
        /// The key that was offered.
        found: IdentityKey,
    },
    /// The newest offered list is older than one that was seen.
    #[error("account {account} is shown with device list {found}, but list {known} was seen before")]
    Older {
        /// Whose list.
        account: AccountId,
        /// The number that was offered.
        found: u64,
        /// The newest number that was seen.
        known: u64,
    },
    /// Another list was seen under this number: the history was forked.
    #[error("account {account} is shown with another device list {number} than was seen before")]
    Forked {
        /// Whose list.
        account: AccountId,
        /// The number that has two lists.
        number: u64,
    },
    /// A list does not follow the one before, or is not signed by the identity key, or is malformed.
    #[error("device lists of account {account}: {error}")]
    List {
        /// Whose list.
        account: AccountId,
        /// What is wrong.
        error: DeviceListError,
    },
    /// A revoked device is listed again, a device changed its key, or two devices share one.
    #[error("device {device} of account {account} reuses a device id or key")]
    Reused {
        /// Whose list.
        account: AccountId,
        /// The device.
        device: DeviceId,
    },
    /// More devices than an account ever has.
    #[error("account {account} names more than {MOST_RECORDED} devices over time")]
    TooMany {
        /// Whose lists.
        account: AccountId,
    },
}

/// How a leaf's account, device and key compare with what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The account or the device is not known here: newer lists may name it.
    Unknown,
    /// The device is listed with another key.
    OtherKey,
    /// The device has this key.
    Listed(DeviceRecord),
}

impl KnownDevices {
    /// Takes in a stored account.
    pub fn insert(&mut self, devices: AccountDevices) {
        self.accounts.insert(devices.account, devices);
    }

    /// What is known of an account.
    pub fn get(&self, account: AccountId) -> Option<&AccountDevices> {
        self.accounts.get(&account)
    }

    /// Takes over what another device of one's own account has seen: the identity key is pinned, and the chain must
    /// pass through the list that the pin names.
    ///
    /// # Errors
    /// [`DirectoryError::IdentityChanged`] where another key is pinned here, `Forked` where another list was seen.
    pub fn restore_pin(&mut self, account: AccountId, pin: &Pin) -> Result<(), DirectoryError> {
        let known = match self.accounts.get(&account) {
            Some(known) => known.clone(),
            None => AccountDevices::new(account, pin.identity),
        };
        known.check_identity(&pin.identity)?;
        if known.number == pin.list_number && known.number > 0 && known.hash != pin.list_hash {
            return Err(DirectoryError::Forked { account, number: pin.list_number });
        }
        let must_pass = (pin.list_number > known.number).then_some((pin.list_number, pin.list_hash));
        self.insert(AccountDevices { must_pass: must_pass.or(known.must_pass), ..known });
        Ok(())
    }

    /// Takes lists of `account`, oldest first: all that follow the newest one known here, which for an account that is
    /// not known yet means all from number 1. `identity` is the key that the server shows; the first one is pinned.
    ///
    /// # Errors
    /// [`DirectoryError`]; nothing is taken then.
    pub fn accept(
        &mut self,
        account: AccountId,
        identity: &IdentityKey,
        lists: &[SignedDeviceList],
    ) -> Result<Accepted, DirectoryError> {
        let known = match self.accounts.get(&account) {
            Some(known) => known.clone(),
            None => AccountDevices::new(account, *identity),
        };
        known.check_identity(identity)?;
        let mut next = known.clone();
        for list in lists {
            next.follow(list)?;
        }
        if let Some((number, _)) = next.must_pass.filter(|(number, _)| *number > next.number) {
            return Err(DirectoryError::Older { account, found: next.number, known: number });
        }
        let accepted = Accepted {
            number: next.number,
            added: next.listed().map(|(device, _)| device).filter(|device| !known.lists(*device)).collect(),
            revoked: known.listed().map(|(device, _)| device).filter(|device| !next.lists(*device)).collect(),
        };
        self.insert(next);
        Ok(accepted)
    }

    /// How a leaf's account, device and key compare with what is known.
    pub fn standing(&self, member: Member, key: &Bytes32) -> Standing {
        match self.get(member.account).and_then(|account| account.devices.get(&member.device)) {
            None => Standing::Unknown,
            Some(record) if record.key != *key => Standing::OtherKey,
            Some(record) => Standing::Listed(*record),
        }
    }

    /// Whether the newest known list of the account names this device with this key.
    pub fn lists(&self, member: Member, key: &Bytes32) -> bool {
        let newest = self.newest_number(member.account);
        matches!(self.standing(member, key), Standing::Listed(record) if record.last == newest)
    }

    /// The number of the newest known list of the account; 0 where none is known.
    pub fn newest_number(&self, account: AccountId) -> u64 {
        self.get(account).map_or(0, |known| known.number)
    }
}

impl AccountDevices {
    fn new(account: AccountId, identity: IdentityKey) -> Self {
        Self { account, identity, number: 0, hash: Bytes32([0; 32]), must_pass: None, devices: BTreeMap::new() }
    }

    /// Whose devices these are.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// The pinned identity key.
    pub fn identity(&self) -> IdentityKey {
        self.identity
    }

    /// Number and hash of the newest list; `None` before the first.
    pub fn newest(&self) -> Option<(u64, Bytes32)> {
        (self.number > 0).then_some((self.number, self.hash))
    }

    /// The devices of the newest list.
    pub fn listed(&self) -> impl Iterator<Item = (DeviceId, DeviceRecord)> + '_ {
        self.devices.iter().filter(|(_, record)| record.last == self.number).map(|(device, record)| (*device, *record))
    }

    /// The form in which an account stands in the database: version byte 1, then CBOR.
    pub fn to_bytes(&self) -> Vec<u8> {
        codec::to_versioned(VERSION, self)
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// [`CodecError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CodecError> {
        codec::from_versioned(VERSION, bytes)
    }

    fn lists(&self, device: DeviceId) -> bool {
        self.devices.get(&device).is_some_and(|record| record.last == self.number)
    }

    fn check_identity(&self, found: &IdentityKey) -> Result<(), DirectoryError> {
        if self.identity == *found {
            Ok(())
        } else {
            Err(DirectoryError::IdentityChanged { account: self.account, pinned: self.identity, found: *found })
        }
    }

    fn follow(&mut self, signed: &SignedDeviceList) -> Result<(), DirectoryError> {
        let account = self.account;
        let refused = |error| DirectoryError::List { account, error };
        let list = signed.open(account, &self.identity.0).map_err(refused)?;
        let hash = signed.hash();
        if list.number == self.number && hash == self.hash {
            return Ok(());
        }
        if list.number == self.number {
            return Err(DirectoryError::Forked { account, number: list.number });
        }
        if list.number < self.number {
            return Err(DirectoryError::Older { account, found: list.number, known: self.number });
        }
        let list = signed.open_next(account, &self.identity.0, self.newest()).map_err(refused)?;
        if self.must_pass.is_some_and(|(number, expected)| number == list.number && expected != hash) {
            return Err(DirectoryError::Forked { account, number: list.number });
        }
        self.record(&list)?;
        self.hash = hash;
        self.must_pass = self.must_pass.filter(|(number, _)| *number > list.number);
        Ok(())
    }

    fn record(&mut self, list: &DeviceList) -> Result<(), DirectoryError> {
        let account = self.account;
        for listed in &list.devices {
            let recorded = self.devices.len();
            let reused = DirectoryError::Reused { account, device: listed.device };
            let shares = |(device, record): (&DeviceId, &DeviceRecord)| {
                *device != listed.device && record.key == listed.signature_key
            };
            if self.devices.iter().any(shares) {
                return Err(reused);
            }
            match self.devices.get_mut(&listed.device) {
                Some(record) if record.last == self.number && record.key == listed.signature_key => {
                    record.last = list.number;
                }
                Some(_) => return Err(reused),
                None if recorded >= MOST_RECORDED => return Err(DirectoryError::TooMany { account }),
                None => {
                    let record = DeviceRecord { key: listed.signature_key, first: list.number, last: list.number };
                    self.devices.insert(listed.device, record);
                }
            }
        }
        self.number = list.number;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use huis_proto::device_list::ListedDevice;

    use super::*;
    use crate::identity::{IdentitySecret, list_position, next_device_list};

    const ACCOUNT: AccountId = AccountId::from_bytes([1; 16]);

    fn identity() -> IdentitySecret {
        IdentitySecret::from_bytes(&[9; 32])
    }

    fn device(byte: u8) -> ListedDevice {
        let device = DeviceId::from_bytes([byte; 16]);
        ListedDevice { device, signature_key: Bytes32([byte; 32]), added_at_ms: 0 }
    }

    /// A chain of lists, each with these devices.
    fn chain(lists: &[&[u8]]) -> Vec<SignedDeviceList> {
        let mut previous = None;
        let mut chain = Vec::new();
        for devices in lists {
            let devices = devices.iter().map(|byte| device(*byte)).collect();
            let list = next_device_list(ACCOUNT, previous, 0, 1, devices);
            let signed = identity().sign_device_list(&list);
            previous = Some(list_position(&signed).unwrap());
            chain.push(signed);
        }
        chain
    }

    fn member(byte: u8) -> Member {
        Member { account: ACCOUNT, device: DeviceId::from_bytes([byte; 16]) }
    }

    #[test]
    fn a_chain_is_followed_and_says_what_changed() {
        let mut known = KnownDevices::default();
        let lists = chain(&[&[1], &[1, 2], &[2, 3]]);
        let first = known.accept(ACCOUNT, &identity().key(), &lists[..2]).unwrap();
        let added = vec![member(1).device, member(2).device];
        assert_eq!(first, Accepted { number: 2, added, revoked: vec![] });
        let second = known.accept(ACCOUNT, &identity().key(), &lists[2..]).unwrap();
        let (added, revoked) = (vec![member(3).device], vec![member(1).device]);
        assert_eq!(second, Accepted { number: 3, added, revoked });
        assert!(known.lists(member(2), &Bytes32([2; 32])));
        assert!(!known.lists(member(1), &Bytes32([1; 32])));
        let record = DeviceRecord { key: Bytes32([1; 32]), first: 1, last: 2 };
        assert_eq!(known.standing(member(1), &Bytes32([1; 32])), Standing::Listed(record));
        assert_eq!(known.standing(member(2), &Bytes32([7; 32])), Standing::OtherKey);
    }

    #[test]
    fn an_older_list_is_never_accepted_again() {
        let mut known = KnownDevices::default();
        let lists = chain(&[&[1], &[1, 2]]);
        known.accept(ACCOUNT, &identity().key(), &lists).unwrap();
        let refused = known.accept(ACCOUNT, &identity().key(), &lists[..1]);
        assert_eq!(refused, Err(DirectoryError::Older { account: ACCOUNT, found: 1, known: 2 }));
        assert!(known.lists(member(2), &Bytes32([2; 32])));
    }

    #[test]
    fn a_forked_or_broken_chain_is_refused_whole() {
        let mut known = KnownDevices::default();
        let lists = chain(&[&[1], &[1, 2], &[1, 2, 3]]);
        known.accept(ACCOUNT, &identity().key(), &lists[..2]).unwrap();
        let fork = chain(&[&[1], &[1, 4]]);
        let refused = known.accept(ACCOUNT, &identity().key(), &fork[1..]);
        assert_eq!(refused, Err(DirectoryError::Forked { account: ACCOUNT, number: 2 }));
        let fork = chain(&[&[1], &[1, 4], &[1, 4, 5]]);
        let refused = known.accept(ACCOUNT, &identity().key(), &fork[2..]);
        assert!(matches!(refused, Err(DirectoryError::List { error: DeviceListError::Chain { .. }, .. })));
        let mut fresh = KnownDevices::default();
        let gap = fresh.accept(ACCOUNT, &identity().key(), &lists[1..]);
        assert!(matches!(gap, Err(DirectoryError::List { .. })));
        assert!(fresh.get(ACCOUNT).is_none());
    }

    #[test]
    fn another_identity_key_is_an_error_that_shows_both() {
        let mut known = KnownDevices::default();
        known.accept(ACCOUNT, &identity().key(), &chain(&[&[1]])).unwrap();
        let found = IdentitySecret::from_bytes(&[8; 32]).key();
        let refused = known.accept(ACCOUNT, &found, &[]);
        let pinned = identity().key();
        assert_eq!(refused, Err(DirectoryError::IdentityChanged { account: ACCOUNT, pinned, found }));
    }

    #[test]
    fn a_revoked_device_or_its_key_never_comes_back() {
        let again = chain(&[&[1, 2], &[1], &[1, 2]]);
        let refused = KnownDevices::default().accept(ACCOUNT, &identity().key(), &again);
        assert_eq!(refused, Err(DirectoryError::Reused { account: ACCOUNT, device: member(2).device }));
        let mut stolen = device(3);
        stolen.signature_key = Bytes32([2; 32]);
        let lists = chain(&[&[1, 2], &[1]]);
        let list = next_device_list(ACCOUNT, Some(list_position(&lists[1]).unwrap()), 0, 1, vec![device(1), stolen]);
        let lists = [lists, vec![identity().sign_device_list(&list)]].concat();
        let refused = KnownDevices::default().accept(ACCOUNT, &identity().key(), &lists);
        assert_eq!(refused, Err(DirectoryError::Reused { account: ACCOUNT, device: member(3).device }));
    }

    #[test]
    fn a_new_device_refuses_lists_older_than_its_account_has_seen() {
        let lists = chain(&[&[1], &[1, 2], &[1, 2, 3]]);
        let pin = |number: u64, list: &SignedDeviceList| Pin {
            identity: identity().key(),
            list_number: number,
            list_hash: list.hash(),
            verified: false,
            name: None,
        };
        let mut known = KnownDevices::default();
        known.restore_pin(ACCOUNT, &pin(2, &lists[1])).unwrap();
        let refused = known.accept(ACCOUNT, &identity().key(), &lists[..1]);
        assert_eq!(refused, Err(DirectoryError::Older { account: ACCOUNT, found: 1, known: 2 }));
        let fork = chain(&[&[1], &[1, 4]]);
        let refused = known.accept(ACCOUNT, &identity().key(), &fork);
        assert_eq!(refused, Err(DirectoryError::Forked { account: ACCOUNT, number: 2 }));
        assert_eq!(known.accept(ACCOUNT, &identity().key(), &lists).unwrap().number, 3);
    }

    #[test]
    fn a_stored_account_comes_back_and_keeps_its_bytes() {
        let mut known = KnownDevices::default();
        known.accept(ACCOUNT, &identity().key(), &chain(&[&[1], &[1, 2]])).unwrap();
        let account = known.get(ACCOUNT).unwrap();
        let bytes = account.to_bytes();
        assert_eq!(&AccountDevices::from_bytes(&bytes).unwrap(), account);
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        insta::assert_snapshot!(hex);
    }
}

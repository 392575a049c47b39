//! Which devices belong to which account: pinned identity keys and their chains of device lists.
//!
//! The chain of an account is followed from its first list without gaps, so that for every device that ever was listed
//! the first and the last list that names it are known. A list that is older than the newest one, or forks from it, is
//! never accepted.
//!
//! A chain may pass from one identity key to another, where a list carries the handover of the one before. So numbers and
//! devices go on, and everybody who follows the chain judges leaves alike, whether or not a person has accepted the key
//! that is there now.

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
/// More identity keys than this an account never had.
const MOST_IDENTITIES: usize = 256;

/// The accounts that this device knows, with their devices.
#[derive(Debug, Clone, Default)]
pub struct KnownDevices {
    accounts: BTreeMap<AccountId, AccountDevices>,
}

/// One account: its pinned identity key, the newest list, and every device that any of its lists named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountDevices {
    account: AccountId,
    /// The one that the newest list names; before the first list the one that is pinned, which the chain must reach.
    identity: IdentityKey,
    /// The identity keys that handed the account over, oldest first. None of them counts again.
    past: Vec<IdentityKey>,
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
    /// Whether the identity key that was pinned has handed the account over to the one that is pinned from here on.
    pub handed_over: bool,
}

/// Why device lists are refused. Nothing of the offered lists is taken then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryError {
    /// The account shows another identity key than the pinned one, which did not hand the account over to it. Shown to the
    /// person, never swallowed.
    #[error("the identity key of account {account} has changed")]
    IdentityChanged {
        /// Whose key.
        account: AccountId,
        /// The key that is pinned.
        pinned: IdentityKey,
        /// The key that was offered.
        found: IdentityKey,
    },
    /// The account shows an identity key that it has signed away.
    #[error("account {account} is shown with an identity key that it has signed away")]
    SignedAway {
        /// Whose key.
        account: AccountId,
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
    /// More devices or identity keys than an account ever has.
    #[error("account {account} names more than {MOST_RECORDED} devices or {MOST_IDENTITIES} identity keys over time")]
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
    /// pass through the list that the pin names. The pin may be ahead of what is known here, also by a handover, or behind.
    ///
    /// # Errors
    /// [`DirectoryError::IdentityChanged`] where the pinned key is none that the chain had so far, `Forked` where another
    /// list was seen.
    pub fn restore_pin(&mut self, account: AccountId, pin: &Pin) -> Result<(), DirectoryError> {
        let mut known = match self.accounts.get(&account) {
            Some(known) => known.clone(),
            None => AccountDevices::new(account, pin.identity),
        };
        if pin.list_number <= known.number && !known.had(&pin.identity) {
            return Err(known.changed_to(&pin.identity));
        }
        if known.number == pin.list_number && known.number > 0 && known.hash != pin.list_hash {
            return Err(DirectoryError::Forked { account, number: pin.list_number });
        }
        let ahead = known.must_pass.map_or(known.number, |(number, _)| number);
        if pin.list_number > ahead {
            known.must_pass = Some((pin.list_number, pin.list_hash));
            if known.number == 0 {
                known.identity = pin.identity;
            }
        }
        self.insert(known);
        Ok(())
    }

    /// Takes lists of `account`, oldest first: all that follow the newest one known here, which for an account that is
    /// not known yet means all from number 1. `identity` is the key that the server shows. It must be the one that the last
    /// list names; at the first contact it is pinned, later the chain must lead to it from the pinned one.
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
        if known.past.contains(identity) {
            return Err(DirectoryError::SignedAway { account });
        }
        let mut next = known.clone();
        let followed = lists.iter().try_for_each(|list| next.follow(list));
        if *identity != known.identity && !(followed.is_ok() && next.identity == *identity && next.had(&known.identity))
        {
            // Says more than what is wrong with the lists.
            return Err(known.changed_to(identity));
        }
        followed?;
        if next.identity != *identity {
            return Err(DirectoryError::List { account, error: DeviceListError::OtherIdentity });
        }
        if let Some((number, _)) = next.must_pass.filter(|(number, _)| *number > next.number) {
            return Err(DirectoryError::Older { account, found: next.number, known: number });
        }
        let accepted = Accepted {
            number: next.number,
            added: next.listed().map(|(device, _)| device).filter(|device| !known.lists(*device)).collect(),
            revoked: known.listed().map(|(device, _)| device).filter(|device| !next.lists(*device)).collect(),
            handed_over: next.identity != known.identity,
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
        let (past, hash) = (Vec::new(), Bytes32([0; 32]));
        Self { account, identity, past, number: 0, hash, must_pass: None, devices: BTreeMap::new() }
    }

    /// Whose devices these are.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// The pinned identity key.
    pub fn identity(&self) -> IdentityKey {
        self.identity
    }

    /// Whether the account has signed this identity key away.
    pub fn has_signed_away(&self, identity: &IdentityKey) -> bool {
        self.past.contains(identity)
    }

    /// Whether another device of one's own account has seen later lists, which were not seen here yet.
    pub fn is_behind(&self) -> bool {
        self.must_pass.is_some()
    }

    /// Number and hash of the newest list; `None` before the first.
    pub fn newest(&self) -> Option<(u64, Bytes32)> {
        (self.number > 0).then_some((self.number, self.hash))
    }

    /// The devices of the newest list.
    pub fn listed(&self) -> impl Iterator<Item = (DeviceId, DeviceRecord)> + '_ {
        self.devices.iter().filter(|(_, record)| record.last == self.number).map(|(device, record)| (*device, *record))
    }

    /// What the lists say of a device that any of them named, also where it was taken off since.
    pub fn was_listed(&self, device: DeviceId) -> Option<DeviceRecord> {
        self.devices.get(&device).copied()
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

    /// Whether this is the account's identity key, or was.
    fn had(&self, identity: &IdentityKey) -> bool {
        self.identity == *identity || self.past.contains(identity)
    }

    fn changed_to(&self, found: &IdentityKey) -> DirectoryError {
        DirectoryError::IdentityChanged { account: self.account, pinned: self.identity, found: *found }
    }

    fn follow(&mut self, signed: &SignedDeviceList) -> Result<(), DirectoryError> {
        let account = self.account;
        let refused = |error| DirectoryError::List { account, error };
        let list = signed.open_unpinned(account).map_err(refused)?;
        if self.past.iter().any(|past| past.0 == list.identity) {
            return Err(DirectoryError::SignedAway { account });
        }
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
        // The first list says itself whose it is; what is pinned the chain must come to.
        let before = if self.number == 0 { list.identity } else { self.identity.0 };
        let list = signed.open_next(account, &before, self.newest()).map_err(refused)?;
        if self.must_pass.is_some_and(|(number, expected)| number == list.number && expected != hash) {
            return Err(DirectoryError::Forked { account, number: list.number });
        }
        self.record(&list)?;
        if list.identity != before {
            if self.past.len() >= MOST_IDENTITIES {
                return Err(DirectoryError::TooMany { account });
            }
            self.past.push(IdentityKey(before));
        }
        self.identity = IdentityKey(list.identity);
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
mod tests;

//! Accounts, device lists, vault, account state, key packages.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::device_list::SignedDeviceList;
use crate::{AccountId, Bytes, Bytes32, DeviceId};

/// `GET /api/v1/accounts/by-name/{username}` and `GET /api/v1/accounts/{account}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountCard {
    /// The account.
    pub account: AccountId,
    /// The username in its one form.
    pub username: String,
    /// The identity key, to be compared with the pinned one.
    pub identity_key: Bytes32,
    /// The newest device list.
    pub device_list: SignedDeviceList,
}

/// `GET /api/v1/accounts/{account}/device-lists?after=N`: the chain, oldest first, at most 100 lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeviceLists {
    /// The lists behind number N.
    pub lists: Vec<SignedDeviceList>,
}

/// `PUT /api/v1/account/device-list`: adds or revokes devices; sessions of devices that are gone end at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PutDeviceList {
    /// The list that directly follows the newest one; `device-list-conflict` otherwise.
    pub device_list: SignedDeviceList,
}

/// `GET` and `PUT /api/v1/account/state`: the sealed account state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountState {
    /// Counts from 1; a new one must be higher than the stored one.
    pub version: u64,
    /// The sealed bytes.
    pub sealed: Bytes,
    /// The stored version that a new one takes the place of, `state-conflict` if that is another one; left out where it
    /// is the one before. A device that has seen newer ones than a restored server has offers its own again with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<u64>,
}

/// `GET` and `PUT /api/v1/account/vault`: the sealed vault. Both need the ticket of a sign-in of the same account, at
/// most ten minutes old, in the header `huis-ticket`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Vault {
    /// Counts from 1; a new one must be one more than the stored one, `state-conflict` otherwise.
    pub number: u64,
    /// The sealed bytes.
    pub sealed: Bytes,
}

/// `POST /api/v1/key-packages`: adds to the signed-in device's stock; answers with a [`KeyPackageStock`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PutKeyPackages {
    /// One-time key packages (RFC 9420, section 10); beyond the limit they are refused with `limit-reached`.
    pub one_time: Vec<Bytes>,
    /// Replaces the last-resort key package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_resort: Option<Bytes>,
    /// Drops the one-time key packages that are there, because the device lost their private halves.
    #[serde(default)]
    pub replace: bool,
}

/// The signed-in device's stock, also `GET /api/v1/key-packages`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeyPackageStock {
    /// One-time key packages left.
    pub one_time: u32,
    /// Whether there is a last-resort one.
    pub last_resort: bool,
}

/// `POST /api/v1/accounts/{account}/key-packages/claim`: takes one key package of each listed device.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct ClaimKeyPackages {
    /// These devices only; all devices of the newest list if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub devices: Option<Vec<DeviceId>>,
}

/// The answer to [`ClaimKeyPackages`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClaimedKeyPackages {
    /// One for each device that had one.
    pub packages: Vec<ClaimedKeyPackage>,
    /// Devices that have none at all: they never finished to enrol.
    pub devices_without: Vec<DeviceId>,
}

/// A key package of a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClaimedKeyPackage {
    /// The device.
    pub device: DeviceId,
    /// The key package; the claimer checks it against the device list.
    pub key_package: Bytes,
    /// Whether it is the last-resort one, which is handed out repeatedly.
    pub last_resort: bool,
}

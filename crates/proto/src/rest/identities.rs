//! Another identity key in place of the one before, where that may be in somebody else's hands.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{AccountState, Secret, Vault};
use crate::device_list::SignedDeviceList;
use crate::opaque::StretchParameters;
use crate::{Bytes, Bytes32};

/// `POST /api/v1/account/identity`: identity key, device list, password, recovery key, vault and account state are replaced
/// in one step, and all sessions of the account end but the one that asks; answers with a
/// [`PasswordChanged`](super::PasswordChanged). The new password was begun by a
/// [`StartPasswordChange`](super::StartPasswordChange). `device-list-conflict` where another list came first,
/// `state-conflict` where another password, vault or account state did.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RenewIdentity {
    /// The ticket of a sign-in with the old password, at most ten minutes old. It is of no use afterwards, as is every
    /// other ticket of the old password.
    pub ticket: Secret,
    /// OPAQUE's registration upload for the new password.
    pub opaque: Bytes,
    /// The parameters that the password was stretched with.
    pub stretch: StretchParameters,
    /// The next device list. It names the identity key to come, carries the handover by the one before, and names the
    /// device that asks and no other.
    pub device_list: SignedDeviceList,
    /// The public half of the signing key of the recovery key to come (Ed25519).
    pub recovery_key: Bytes32,
    /// The next vault, with other secrets than the one before.
    pub vault: Vault,
    /// The next account state, sealed under the state key to come.
    pub account_state: AccountState,
}

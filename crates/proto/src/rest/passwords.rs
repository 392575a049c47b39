//! A new password in place of the one before: by the old one, or by the recovery key.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Secret, Vault};
use crate::opaque::StretchParameters;
use crate::{AccountId, Bytes, Bytes32};

/// `POST /api/v1/account/password/start`: the first step to a new password; answers with a
/// [`RegistrationStarted`](super::RegistrationStarted).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct StartPasswordChange {
    /// The ticket of a sign-in with the old password, at most ten minutes old.
    pub ticket: Secret,
    /// OPAQUE's registration request for the new password.
    pub opaque: Bytes,
}

/// `POST /api/v1/account/password/finish`: record and vault are replaced in one step; answers with a
/// [`PasswordChanged`]. `state-conflict` where another password or vault came first.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FinishPasswordChange {
    /// The same ticket. It is of no use afterwards, as is every other ticket of the old password.
    pub ticket: Secret,
    /// OPAQUE's registration upload.
    pub opaque: Bytes,
    /// The parameters that the password was stretched with: those of the first step's answer.
    pub stretch: StretchParameters,
    /// The next vault, sealed under the new password.
    pub vault: Vault,
    /// End all sessions of the account but the one that asks.
    pub end_other_sessions: bool,
}

/// The answer to [`FinishPasswordChange`] and [`FinishRecovery`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PasswordChanged {
    /// How many sessions have ended with the old password.
    pub ended_sessions: u32,
}

/// `POST /api/v1/account/recovery-key`: recovery key and vault are replaced in one step. `state-conflict` where another
/// password or vault came first.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ChangeRecoveryKey {
    /// The ticket of a sign-in, at most ten minutes old.
    pub ticket: Secret,
    /// The public half of the signing key of the recovery key to come (Ed25519).
    pub recovery_key: Bytes32,
    /// The next vault, sealed under the same password and the recovery key to come.
    pub vault: Vault,
}

/// `POST /api/v1/recoveries/start`, without signing in. Unknown names are answered like known ones.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct StartRecovery {
    /// The username, in any letter case.
    pub username: String,
    /// OPAQUE's registration request for the new password.
    pub opaque: Bytes,
}

/// The answer to [`StartRecovery`].
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RecoveryStarted {
    /// OPAQUE's registration response.
    pub opaque: Bytes,
    /// How the new password is stretched.
    pub stretch: StretchParameters,
    /// Which recovery of which account this is, sealed by the server. The next two steps bring it back within two
    /// minutes, signed.
    pub state: Bytes,
}

/// `POST /api/v1/recoveries/vault`, without signing in; answers with a [`RecoveryVault`]. `recovery-refused` for an
/// unknown name and for another key alike.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct OpenRecovery {
    /// The `state` of the first step.
    pub state: Bytes,
    /// The recovery key's signature over the state, label [`RECOVERY_VAULT`](crate::labels::RECOVERY_VAULT).
    pub proof: Bytes,
    /// As in [`FinishSignIn`](super::FinishSignIn): the recovery key takes the place of the password, not of the second factor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_factor: Option<Secret>,
}

/// The answer to [`OpenRecovery`].
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RecoveryVault {
    /// The account.
    pub account: AccountId,
    /// The identity key.
    pub identity_key: Bytes32,
    /// The newest vault.
    pub vault: Vault,
    /// Stands for a code in further steps within ten minutes, where the account has a second factor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_factor_pass: Option<Secret>,
}

/// `POST /api/v1/recoveries/finish`, without signing in: record and vault are replaced in one step, and all sessions of
/// the account end; answers with a [`PasswordChanged`]. Then the new password signs in.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FinishRecovery {
    /// The `state` of the first step.
    pub state: Bytes,
    /// OPAQUE's registration upload.
    pub opaque: Bytes,
    /// The parameters that the password was stretched with: those of the first step's answer.
    pub stretch: StretchParameters,
    /// The next vault, sealed under the new password and the same recovery key.
    pub vault: Vault,
    /// The recovery key's signature over the [wish](crate::recovery::wish), label
    /// [`RECOVERY`](crate::labels::RECOVERY).
    pub proof: Bytes,
    /// As in [`OpenRecovery`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_factor: Option<Secret>,
}

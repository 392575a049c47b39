//! Registration, sign-in and sessions (OPAQUE: RFC 9807).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroize;

use crate::device_list::SignedDeviceList;
use crate::opaque::StretchParameters;
use crate::{AccountId, Bytes, Bytes32, DeviceId, IncarnationId, SessionId};

/// A token or code that lets its holder in. `Debug` hides it; it is wiped when dropped.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema, Zeroize)]
#[zeroize(drop)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps the text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself. **Never log it.**
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What lets a newcomer register, sent with both steps.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct Admission {
    /// The server's access passphrase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_passphrase: Option<Secret>,
    /// The one-time code that makes this account the super-administrator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Secret>,
    /// An invitation's code ([`InvitationMade`](super::InvitationMade)); it counts where nothing else lets the newcomer in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<Secret>,
}

/// `POST /api/v1/registrations/start`, without signing in.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct StartRegistration {
    /// The wished username, in any letter case.
    pub username: String,
    /// What lets the newcomer in.
    #[serde(flatten)]
    pub admission: Admission,
    /// OPAQUE's registration request.
    pub opaque: Bytes,
}

/// The answer to [`StartRegistration`].
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RegistrationStarted {
    /// OPAQUE's registration response.
    pub opaque: Bytes,
    /// How the password is stretched.
    pub stretch: StretchParameters,
}

/// `POST /api/v1/registrations/finish`, without signing in; answers with a [`SessionGrant`].
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FinishRegistration {
    /// The wished username, as in the first step.
    pub username: String,
    /// An e-mail address, if the person wants to leave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// What lets the newcomer in.
    #[serde(flatten)]
    pub admission: Admission,
    /// OPAQUE's registration upload.
    pub opaque: Bytes,
    /// The parameters that the password was stretched with.
    pub stretch: StretchParameters,
    /// The account's id, chosen by the client because the device list and vault bind it.
    pub account: AccountId,
    /// The first device, which stands in the device list.
    pub device: DeviceId,
    /// The identity key (Ed25519).
    pub identity_key: Bytes32,
    /// The public half of the recovery key's signing key (Ed25519).
    pub recovery_key: Bytes32,
    /// Device list number 1.
    pub device_list: SignedDeviceList,
    /// The sealed vault, number 1.
    pub vault: Bytes,
    /// The sealed account state, version 1.
    pub account_state: Bytes,
    /// Keep the session beyond 15 idle minutes.
    pub stay_signed_in: bool,
}

/// `POST /api/v1/sign-ins/start`, without signing in. Unknown names are answered like known ones.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct StartSignIn {
    /// The username, in any letter case.
    pub username: String,
    /// OPAQUE's credential request.
    pub opaque: Bytes,
}

/// The answer to [`StartSignIn`].
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SignInStarted {
    /// OPAQUE's credential response.
    pub opaque: Bytes,
    /// How the password is stretched.
    pub stretch: StretchParameters,
    /// The server's half of the sign-in, sealed by the server; it goes back with the second step within two minutes.
    pub state: Bytes,
}

/// `POST /api/v1/sign-ins/finish`, without signing in.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FinishSignIn {
    /// The `state` of the first step.
    pub state: Bytes,
    /// OPAQUE's credential finalisation.
    pub opaque: Bytes,
    /// Where the account has a second factor: six digits of it, a recovery code, or the `second_factor_pass` of an earlier
    /// step. `second-factor-needed` where it is wanted and none is here; the same step may be sent again with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_factor: Option<Secret>,
}

/// The answer to [`FinishSignIn`]: who knows the password may open the vault and enrol a device.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SignedIn {
    /// The account.
    pub account: AccountId,
    /// The username in its one form.
    pub username: String,
    /// Lets its holder enrol one device within ten minutes.
    pub ticket: Secret,
    /// The identity key.
    pub identity_key: Bytes32,
    /// The sealed vault.
    pub vault: Bytes,
    /// The vault's number.
    pub vault_number: u64,
    /// The newest device list.
    pub device_list: SignedDeviceList,
    /// The newest sealed account state: the list that enrols a further device names its number.
    pub account_state: Bytes,
    /// Stands for a code in further steps within ten minutes, where the account has a second factor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_factor_pass: Option<Secret>,
}

/// `POST /api/v1/devices`, without signing in; answers with a [`SessionGrant`].
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EnrolDevice {
    /// The ticket of a finished sign-in.
    pub ticket: Secret,
    /// The device that gets the session.
    pub device: DeviceId,
    /// The device list that adds the device; none if it stands in the newest list already and resumes. More, in their
    /// order, where a restored server has lost several: the last one names the device. At most
    /// [`LISTS_AT_ONCE`](crate::limits::LISTS_AT_ONCE).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub device_lists: Vec<SignedDeviceList>,
    /// The device's signature over the ticket, label [`SESSION`](crate::labels::SESSION).
    pub proof: Bytes,
    /// Keep the session beyond 15 idle minutes.
    pub stay_signed_in: bool,
}

/// What [`SessionGrant::access_token`] says where the token itself is in a cookie: to the web app, which must not hold it.
pub const IN_COOKIE: &str = "in-cookie";

/// A session of a device.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SessionGrant {
    /// The session.
    pub session: SessionId,
    /// The account.
    pub account: AccountId,
    /// The device.
    pub device: DeviceId,
    /// The username in its one form.
    pub username: String,
    /// A JWT (RFC 7519, EdDSA) for the `Authorization` header. To the web app it comes in the cookie `__Host-huis`, and
    /// this is [`IN_COOKIE`].
    pub access_token: Secret,
    /// How long the access token is valid, in seconds.
    pub access_expires_in_s: u64,
    /// Gets the next tokens, once.
    pub refresh_token: Secret,
    /// The server's clock, in milliseconds since 1970.
    pub server_time_ms: u64,
    /// Which life of the store this is.
    pub incarnation: IncarnationId,
}

/// `POST /api/v1/sessions/refresh`, without an access token; answers with a [`SessionGrant`].
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RefreshSession {
    /// The newest refresh token, or the one before if the answer that brought the newest was lost.
    pub refresh_token: Secret,
    /// The device's signature over the token, label [`SESSION`](crate::labels::SESSION).
    pub proof: Bytes,
}

/// One session, as `GET /api/v1/sessions` lists them.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SessionInfo {
    /// The session.
    pub session: SessionId,
    /// Its device.
    pub device: DeviceId,
    /// When it began, in milliseconds since 1970.
    pub began_at_ms: u64,
    /// When it was last used, in milliseconds since 1970, to the minute.
    pub used_at_ms: u64,
    /// Whether it is the session that asks.
    pub current: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let admission = Admission { claim: Some(Secret::new("open-sesame")), ..Admission::default() };
        assert!(!format!("{admission:?}").contains("sesame"));
    }
}

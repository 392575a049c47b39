//! What a server's moderators and administrators do on it, and what they are told.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Secret;
use crate::{AccountId, BanId, DeviceId};

/// What an account may do on the server: each role what the ones before it may, and more. Stored as its number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum ServerRole {
    /// Nothing beyond its own account.
    #[default]
    Member = 0,
    /// Suspends accounts and bans addresses.
    Moderator = 1,
    /// Deletes accounts, gives roles below its own, lets newcomers in, reads the audit log.
    Administrator = 2,
    /// Everything. The first one is made by the one-time code of the first start.
    SuperAdministrator = 3,
}

/// The text names no role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected member, moderator, administrator or super-administrator")]
pub struct ParseRoleError;

impl ServerRole {
    /// All of them, the least first.
    pub const ALL: [Self; 4] = [Self::Member, Self::Moderator, Self::Administrator, Self::SuperAdministrator];

    /// The role as it travels and is typed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Moderator => "moderator",
            Self::Administrator => "administrator",
            Self::SuperAdministrator => "super-administrator",
        }
    }

    /// The role that is stored as this number.
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|role| *role as i64 == number)
    }
}

impl fmt::Display for ServerRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ServerRole {
    type Err = ParseRoleError;

    fn from_str(text: &str) -> Result<Self, ParseRoleError> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(ParseRoleError)
    }
}

/// What is asked of `GET /api/v1/admin/accounts`, which answers with [`AccountsPage`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListAccounts {
    /// What the usernames begin with; any, if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
    /// Only accounts of this role, which is not `member`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub role: Option<ServerRole>,
    /// Only accounts that are suspended.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[param(required = false)]
    pub suspended: bool,
    /// The page before ended with this `next`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// How many at most, from 1 to 200; 50 if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most: Option<usize>,
}

/// A page of accounts, by username.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountsPage {
    /// The accounts.
    pub accounts: Vec<AdministeredAccount>,
    /// What the next page is asked for `after`; none with the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// An account, as those see it who look after the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AdministeredAccount {
    /// The account.
    pub account: AccountId,
    /// Its username.
    pub username: String,
    /// What it may do on the server.
    pub role: ServerRole,
    /// When it was made, in milliseconds since 1970.
    pub created_at_ms: u64,
    /// The day on which a session of it began or was refreshed last, as its first millisecond since 1970 (UTC); none if
    /// it never was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_on_ms: Option<u64>,
    /// The suspension that it is under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspension: Option<SuspensionInfo>,
    /// When it was deleted, in milliseconds since 1970. Its name stays taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at_ms: Option<u64>,
    /// How many devices it has.
    pub devices: u32,
    /// How many of them are signed in.
    pub sessions: u32,
}

/// `GET /api/v1/admin/accounts/{username}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AdministeredAccountDetails {
    /// What the list says of it.
    #[serde(flatten)]
    pub account: AdministeredAccount,
    /// Its signed-in devices.
    pub signed_in: Vec<AdministeredSession>,
    /// What its files take, in bytes, as it counts against what an account may have.
    pub file_bytes: u64,
}

/// A device that is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AdministeredSession {
    /// The device.
    pub device: DeviceId,
    /// The day on which the session began, as its first millisecond since 1970 (UTC).
    pub began_on_ms: u64,
    /// The day on which it was refreshed last, in the same way.
    pub seen_on_ms: u64,
}

/// A suspension.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SuspensionInfo {
    /// Why; the person is told.
    pub reason: String,
    /// Since when, in milliseconds since 1970.
    pub since_ms: u64,
    /// Until when, in milliseconds since 1970; none if it has no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at_ms: Option<u64>,
    /// The username of who set it.
    pub set_by: String,
}

/// `POST /api/v1/admin/accounts/{username}/suspend`; answers with [`SessionsEnded`]. A suspension that is there is
/// replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Suspend {
    /// Why: 1 to 200 characters, which the person is told.
    pub reason: String,
    /// After how many seconds it ends by itself; never, if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_in_s: Option<u64>,
}

/// `PUT /api/v1/admin/accounts/{username}/role`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SetRole {
    /// The role from here on.
    pub role: ServerRole,
}

/// The answer to `POST /api/v1/admin/accounts/{username}/sessions/end`, to [`Suspend`], to a ban and to the deletion of
/// an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionsEnded {
    /// How many sessions have ended by it.
    pub count: u32,
}

/// What a ban keeps out.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BanTarget {
    /// An account of this name: nobody registers under it or one that looks like it, and an account that has it is not
    /// signed in.
    Name(String),
    /// An address, or a network in CIDR notation (RFC 4632), of IPv4 or IPv6.
    Network(String),
}

/// A ban.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BanInfo {
    /// Which one.
    pub id: BanId,
    /// What it keeps out.
    pub target: BanTarget,
    /// Why; who is kept out is told.
    pub reason: String,
    /// Since when, in milliseconds since 1970.
    pub since_ms: u64,
    /// Until when, in milliseconds since 1970; none if it has no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at_ms: Option<u64>,
    /// The username of who set it.
    pub set_by: String,
    /// Their role at that time; it is lifted by who has this one or more.
    pub set_by_role: ServerRole,
}

/// `POST /api/v1/admin/bans`; answers with [`BanSet`]. A ban of the same target is replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CreateBan {
    /// What is kept out. A network is not wider than /8 (IPv4) or /16 (IPv6).
    pub target: BanTarget,
    /// Why: 1 to 200 characters, which who is kept out is told.
    pub reason: String,
    /// After how many seconds it ends by itself; never, if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_in_s: Option<u64>,
}

/// The answer to [`CreateBan`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BanSet {
    /// The ban.
    #[serde(flatten)]
    pub ban: BanInfo,
    /// How many sessions of an account of this name have ended by it.
    pub ended_sessions: u32,
}

/// The answer to `POST /api/v1/admin/access-passphrase`: from here on it lets newcomers in and the one before lets in
/// nobody, until the server starts again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccessPassphraseMade {
    /// Six words with dashes between. The server keeps its hash alone, so that it is never shown again.
    pub access_passphrase: Secret,
}

/// The answer to `POST /api/v1/admin/visits/code`: lets a browser onto the administration pages, once, within
/// [`limits::VISIT_CODE`](crate::limits::VISIT_CODE).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VisitCode {
    /// The code. **Whoever has it may for a while what the account may that asked for it**; it travels in the fragment of an
    /// address, which no browser sends.
    pub code: Secret,
}

/// `POST /api/v1/admin/visits`: trades a code for a cookie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EnterVisit {
    /// The code.
    pub code: Secret,
}

/// The answer to `GET /api/v1/admin/self`: who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OwnPlace {
    /// The asker's username.
    pub username: String,
    /// The asker's role.
    pub role: ServerRole,
    /// The address from which the request comes, as the server sees it.
    pub address: String,
    /// When the visit to the administration pages ends at the latest, in milliseconds since 1970; none for who asks with an
    /// access token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit_ends_at_ms: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_read_as_it_is_written_and_stored() {
        for role in ServerRole::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
            assert_eq!(ServerRole::from_number(role as i64), Some(role));
            assert_eq!(serde_json::to_string(&role).unwrap(), format!("\"{role}\""));
        }
        assert_eq!("owner".parse::<ServerRole>(), Err(ParseRoleError));
        assert_eq!(ServerRole::from_number(4), None);
    }

    #[test]
    fn roles_are_in_order() {
        assert!(ServerRole::ALL.is_sorted());
    }
}

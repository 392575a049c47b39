//! The bodies of the REST interface under `/api/v1`. Unknown fields are skipped.
//!
//! Requests are signed in with `Authorization: Bearer <access token>` (or the `__Host-huis` cookie of the web app),
//! but for those that say otherwise. Refusals are [`Problem`](crate::Problem) documents.

mod accounts;
mod administration;
mod archive;
mod audit;
mod conversations;
mod files;
mod identities;
mod invitations;
mod passwords;
mod push;
mod reports;
mod second_factors;
mod settings;
mod sign_in;

pub use accounts::*;
pub use administration::*;
pub use archive::*;
pub use audit::*;
pub use conversations::*;
pub use files::*;
pub use identities::*;
pub use invitations::*;
pub use passwords::*;
pub use push::*;
pub use reports::*;
pub use second_factors::*;
pub use settings::*;
pub use sign_in::*;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Bytes, IncarnationId};

/// `GET /api/v1/server`, without signing in: what a client must know before anything else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServerInfo {
    /// The server's version.
    pub version: String,
    /// The oldest client version that is served.
    pub oldest_client: String,
    /// Who may register.
    pub registration: RegistrationPolicy,
    /// Which life of the store this is.
    pub incarnation: IncarnationId,
    /// The server's clock, in milliseconds since 1970.
    pub server_time_ms: u64,
    /// How long an undelivered message is kept, in seconds.
    pub retention_s: u64,
    /// The key that browsers subscribe for (VAPID, RFC 8292: P-256, uncompressed), if this server sends pushes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub push_key: Option<Bytes>,
    /// What files it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<FileTerms>,
}

/// Who may register on a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RegistrationPolicy {
    /// Whoever knows the access passphrase that the server shows to its operator.
    Passphrase,
    /// Anybody.
    Open,
    /// Whoever holds an invitation. One lets in also where the passphrase does.
    Invite,
    /// Nobody.
    Closed,
}

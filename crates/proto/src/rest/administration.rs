//! What the super-administrator does on a running server.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Secret;

/// `POST /api/v1/administration/sessions/end`, for the super-administrator alone; answers with [`SessionsEnded`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EndSessions {
    /// Whose sessions end; not one's own.
    pub username: String,
}

/// The answer to [`EndSessions`]. The account may sign in again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionsEnded {
    /// How many.
    pub count: u32,
}

/// The answer to `POST /api/v1/administration/access-passphrase`, which the super-administrator alone may ask: from here
/// on it lets newcomers in and the one before lets in nobody, until the server starts again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccessPassphraseMade {
    /// Six words with dashes between. The server keeps its hash alone, so that it is never shown again.
    pub access_passphrase: Secret,
}

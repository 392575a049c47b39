//! Invitations: codes with which administrators let newcomers in.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Secret;
use crate::InvitationId;

/// `POST /api/v1/admin/invitations`; answers with an [`InvitationMade`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CreateInvitation {
    /// How many newcomers it lets in, within [`INVITATION_USES`](crate::limits::INVITATION_USES).
    pub uses: u32,
    /// How long it is good for, in seconds: at least one, at most [`INVITATION_LIFE`](crate::limits::INVITATION_LIFE).
    pub expires_in_s: u64,
    /// How the asker reaches the server, such as `https://chat.example.org`: for the link, where the server does not know its
    /// own address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

/// The answer to [`CreateInvitation`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InvitationMade {
    /// What newcomers show when they register: 32 hexadecimal digits, random. The server keeps its hash alone, so that
    /// it is never shown again.
    pub invitation: Secret,
    /// How newcomers come to the web app by it; none where the server has no web app, or nobody says how it is reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<InvitationLink>,
    /// What is known of it.
    #[serde(flatten)]
    pub info: InvitationInfo,
}

/// What opens the web app with an invitation's code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InvitationLink {
    /// The address. **Whoever has it comes in by it.** The code stands in its fragment, which no browser sends.
    pub address: Secret,
    /// The same as a QR code: its rows, of `1` (dark) and `0`.
    pub rows: Vec<Secret>,
}

/// An invitation that still lets somebody in; `GET /api/v1/admin/invitations` lists them, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InvitationInfo {
    /// Names it, and lets nobody in; `DELETE /api/v1/admin/invitations/{id}` revokes it.
    pub id: InvitationId,
    /// How many newcomers it was made for.
    pub uses: u32,
    /// How many it still lets in.
    pub uses_left: u32,
    /// The username of who made it.
    pub made_by: String,
    /// When it was made, in milliseconds since 1970.
    pub made_at_ms: u64,
    /// From when on it lets nobody in, in milliseconds since 1970.
    pub expires_at_ms: u64,
}

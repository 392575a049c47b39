//! Invitations: codes with which the super-administrator lets newcomers in.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Secret;
use crate::InvitationId;

/// `POST /api/v1/invitations`, for the super-administrator alone; answers with an [`InvitationMade`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CreateInvitation {
    /// How many newcomers it lets in, within [`INVITATION_USES`](crate::limits::INVITATION_USES).
    pub uses: u32,
    /// How long it is good for, in seconds: at least one, at most [`INVITATION_LIFE`](crate::limits::INVITATION_LIFE).
    pub expires_in_s: u64,
}

/// The answer to [`CreateInvitation`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InvitationMade {
    /// What newcomers show when they register: 32 hexadecimal digits, random. The server keeps its hash alone, so that
    /// it is never shown again.
    pub invitation: Secret,
    /// What is known of it.
    #[serde(flatten)]
    pub info: InvitationInfo,
}

/// An invitation that still lets somebody in; `GET /api/v1/invitations` lists them, oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InvitationInfo {
    /// Names it, and lets nobody in; `DELETE /api/v1/invitations/{id}` revokes it.
    pub id: InvitationId,
    /// How many newcomers it was made for.
    pub uses: u32,
    /// How many it still lets in.
    pub uses_left: u32,
    /// When it was made, in milliseconds since 1970.
    pub made_at_ms: u64,
    /// From when on it lets nobody in, in milliseconds since 1970.
    pub expires_at_ms: u64,
}

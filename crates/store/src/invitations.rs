//! Invitations: what lets a newcomer in, by the hash of its code.

use async_trait::async_trait;
use huis_proto::rest::InvitationInfo;
use huis_proto::{Bytes32, InvitationId};

use crate::administration::moment;
use crate::{Act, Acted, Creation, NewAccount, Noted, StoreResult};

/// Invitations. One is *good* while it has uses left and its time has not come.
#[async_trait]
pub trait Invitations: Send + Sync {
    /// Keeps an invitation under the hash of its code, unless `most` are good at `info.made_at_ms` already. Those that are
    /// no longer good are forgotten.
    async fn put_invitation(
        &self,
        act: Act,
        hash: Bytes32,
        info: InvitationInfo,
        most: usize,
    ) -> StoreResult<Acted<()>>;

    /// Whether there is a good invitation of this hash; uses nothing of it.
    async fn invitation_is_good(&self, hash: Bytes32, now_ms: u64) -> StoreResult<bool>;

    /// The good invitations, oldest first.
    async fn invitations(&self, now_ms: u64) -> StoreResult<Vec<InvitationInfo>>;

    /// Forgets an invitation.
    async fn revoke_invitation(&self, act: Act, invitation: InvitationId) -> StoreResult<Acted<()>>;

    /// As [`create_account`](crate::Accounts::create_account), and takes one use of the invitation of this hash, which
    /// must be good at `account.created_at_ms`: both or neither, so that no race lets in more than were invited.
    async fn create_invited_account(&self, account: NewAccount, hash: Bytes32) -> StoreResult<Creation>;
}

/// What the audit log says of one that is made.
pub(crate) fn made(info: &InvitationInfo) -> Noted {
    let after = format!("for {}, until {}", info.uses, moment(info.expires_at_ms));
    Noted { subject: format!("invitation {}", info.id), before: String::new(), after }
}

/// What the audit log says of one that is revoked.
pub(crate) fn revoked(invitation: InvitationId) -> Noted {
    Noted { subject: format!("invitation {invitation}"), ..Noted::default() }
}

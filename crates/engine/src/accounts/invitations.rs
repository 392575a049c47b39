//! Invitations to the server, for its administrators.

use huis_proto::InvitationId;
use huis_proto::rest::{CreateInvitation, InvitationInfo, InvitationMade};
use huis_views::Failure;

use crate::client::Client;
use crate::ports::Method;

const PATH: &str = "/api/v1/admin/invitations";

impl Client {
    /// Makes an invitation. Asked once: where the answer is lost, the invitation stands in the list and can be revoked.
    pub(crate) async fn make_invitation(&self, uses: u32, expires_in_s: u64) -> Result<InvitationMade, Failure> {
        self.signed_in()?;
        let wish = CreateInvitation { uses, expires_in_s, at: None };
        Ok(self.ask(Method::Post, PATH.into(), Some(&wish)).await?)
    }

    /// The invitations that still let somebody in.
    pub(crate) async fn invitations(&self) -> Result<Vec<InvitationInfo>, Failure> {
        self.signed_in()?;
        Ok(self.get(PATH.into()).await?)
    }

    pub(crate) async fn revoke_invitation(&self, invitation: InvitationId) -> Result<(), Failure> {
        self.signed_in()?;
        let path = format!("{PATH}/{invitation}");
        self.ask::<serde::de::IgnoredAny>(Method::Delete, path, None::<&()>).await?;
        Ok(())
    }
}

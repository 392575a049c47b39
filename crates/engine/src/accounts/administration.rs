//! What the server's super-administrator does on it.

use huis_proto::names;
use huis_proto::rest::{AccessPassphraseMade, EndSessions, Secret, SessionsEnded};
use huis_views::Failure;
use serde::de::IgnoredAny;

use crate::client::Client;
use crate::ports::Method;

impl Client {
    /// Ends all sessions of another account; gives how many.
    pub(crate) async fn end_sessions(&self, name: &str) -> Result<u32, Failure> {
        self.signed_in()?;
        let name = name.strip_prefix('@').unwrap_or(name);
        let username = names::username(name).map_err(|error| Failure::Invalid { reason: error.to_string() })?;
        let path = "/api/v1/administration/sessions/end".into();
        let ended: SessionsEnded = self.ask(Method::Post, path, Some(&EndSessions { username })).await?;
        Ok(ended.count)
    }

    /// Renews the passphrase that lets newcomers in. Asked once: where the answer is lost, it is renewed again.
    pub(crate) async fn renew_access_passphrase(&self) -> Result<Secret, Failure> {
        self.signed_in()?;
        let path = "/api/v1/administration/access-passphrase".into();
        let made: AccessPassphraseMade = self.ask(Method::Post, path, None::<&()>).await?;
        Ok(made.access_passphrase)
    }

    /// Stops the server.
    pub(crate) async fn stop_server(&self) -> Result<(), Failure> {
        self.signed_in()?;
        self.ask::<IgnoredAny>(Method::Post, "/api/v1/administration/stop".into(), None::<&()>).await?;
        Ok(())
    }
}

//! What those do on a server who look after it.

use huis_proto::names;
use huis_proto::rest::{AccessPassphraseMade, Secret, SessionsEnded};
use huis_views::{AdministrativeMethod, Failure};
use serde::de::IgnoredAny;

use crate::client::Client;
use crate::ports::Method;

impl Client {
    /// Passes a request of somebody who looks after the server on, and its answer back; both are JSON.
    pub(crate) async fn administrate(
        &self,
        method: AdministrativeMethod,
        path: &str,
        body: String,
    ) -> Result<String, Failure> {
        self.signed_in()?;
        let method = match method {
            AdministrativeMethod::Get => Method::Get,
            AdministrativeMethod::Post => Method::Post,
            AdministrativeMethod::Put => Method::Put,
            AdministrativeMethod::Delete => Method::Delete,
        };
        let body = (!body.is_empty()).then(|| body.into_bytes());
        let answer = self.ask_bytes(method, format!("/api/v1/admin/{path}"), body).await?;
        String::from_utf8(answer).map_err(|error| Failure::BadAnswer { reason: error.to_string() })
    }

    /// Ends all sessions of another account; gives how many.
    pub(crate) async fn end_sessions(&self, name: &str) -> Result<u32, Failure> {
        self.signed_in()?;
        let name = name.strip_prefix('@').unwrap_or(name);
        let username = names::username(name).map_err(|error| Failure::Invalid { reason: error.to_string() })?;
        let path = format!("/api/v1/admin/accounts/{username}/sessions/end");
        let ended: SessionsEnded = self.ask(Method::Post, path, None::<&()>).await?;
        Ok(ended.count)
    }

    /// Renews the passphrase that lets newcomers in. Asked once: where the answer is lost, it is renewed again.
    pub(crate) async fn renew_access_passphrase(&self) -> Result<Secret, Failure> {
        self.signed_in()?;
        let path = "/api/v1/admin/access-passphrase".into();
        let made: AccessPassphraseMade = self.ask(Method::Post, path, None::<&()>).await?;
        Ok(made.access_passphrase)
    }

    /// Stops the server.
    pub(crate) async fn stop_server(&self) -> Result<(), Failure> {
        self.signed_in()?;
        self.ask::<IgnoredAny>(Method::Post, "/api/v1/admin/stop".into(), None::<&()>).await?;
        Ok(())
    }
}

//! Whether this client and a server are of versions that understand each other.

use huis_proto::rest::ServerInfo;
use huis_proto::versions::{MINIMUM_SERVER, Version};
use huis_proto::{ErrorCode, IncarnationId};
use huis_views::Failure;

use crate::client::Client;
use crate::ports::{CLIENT, Method};

impl Client {
    /// Asks the server which clients it serves, before anything is entrusted to it. Gives which life of it this is.
    pub(super) async fn check_versions(&self) -> Result<IncarnationId, Failure> {
        let path = "/api/v1/server".to_owned();
        let server: ServerInfo = self.ask_openly(Method::Get, path, None::<&()>).await?;
        server_is_new_enough(&server.version)?;
        match (Version::stated(CLIENT), server.oldest_client.parse::<Version>()) {
            (Some(own), Ok(oldest)) if own < oldest => {
                let message = format!(
                    "this is version {own} of Huis, and the server serves {oldest} and newer; install a newer version"
                );
                Err(Failure::Refused { code: ErrorCode::ClientTooOld, message, retry_after_s: None })
            }
            _ => Ok(server.incarnation),
        }
    }
}

/// Refuses a server that this client does not understand. A version that can't be read is another maker's, and is not
/// compared.
pub(crate) fn server_is_new_enough(version: &str) -> Result<(), Failure> {
    match version.parse::<Version>() {
        Ok(version) if version < MINIMUM_SERVER => {
            Err(Failure::ServerTooOld { version: version.to_string(), oldest: MINIMUM_SERVER.to_string() })
        }
        _ => Ok(()),
    }
}

//! Where this device is woken while it is away (Web Push). It counts for the session, and ends with it.

use huis_proto::Bytes;
use huis_proto::rest::{PushSubscription, ServerInfo};
use huis_views::Failure;

use crate::api::json;
use crate::client::Client;
use crate::ports::Method;

impl Client {
    /// The key of the server's pushes, if it sends any.
    pub(crate) async fn push_key(&self) -> Result<Option<Bytes>, Failure> {
        let path = "/api/v1/server".to_owned();
        let server: ServerInfo = self.ask_openly(Method::Get, path, None::<&()>).await?;
        Ok(server.push_key)
    }

    pub(crate) async fn set_push(&self, subscription: Option<&PushSubscription>) -> Result<(), Failure> {
        self.signed_in()?;
        let path = "/api/v1/push-subscription".to_owned();
        match subscription {
            Some(subscription) => self.ask_bytes(Method::Put, path, json(Some(subscription))?).await?,
            None => self.ask_bytes(Method::Delete, path, None).await?,
        };
        Ok(())
    }
}

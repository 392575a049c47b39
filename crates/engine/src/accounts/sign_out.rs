//! Signing out: the device leaves the list, the session ends, the database is emptied.

use huis_views::{Connection, Failure, Reply, SignOut};

use super::entering::Keys;
use crate::api::ApiError;
use crate::client::Client;
use crate::ports::Method;

impl Client {
    pub(crate) async fn sign_out(&self, wish: SignOut) -> Result<Reply, Failure> {
        let me = self.signed_in()?;
        let waiting = self.read(|tables| tables.count_waiting())?;
        if waiting > 0 && !wish.discard_unsent {
            return Err(Failure::Unsent { count: waiting });
        }
        self.say_away()?;
        let unlisted = match &wish.password {
            Some(password) => {
                let keys = Keys { password, recovery_key: wish.recovery_key.as_ref() };
                self.revoke_device(me.device.member.device, keys).await?;
                true
            }
            None => false,
        };
        if !unlisted {
            self.end_session().await?;
        }
        let parts = self.parts()?;
        self.step(|step| step.tables.empty())?;
        for part in parts {
            // What can't be removed now, nobody removes later: the database knows nothing of it any more.
            if let Err(fault) = self.files.remove(&part).await {
                tracing::warn!(%fault, "a part of a file stays");
            }
        }
        self.forget_second_factor();
        self.read_account()?;
        self.set_connection(Connection::Idle);
        self.signals.reconnect.notify_one();
        Ok(Reply::SignedOut { unlisted })
    }

    async fn end_session(&self) -> Result<(), Failure> {
        let Some(session) = self.session().filter(|session| !session.ended) else { return Ok(()) };
        let path = format!("/api/v1/sessions/{}", session.session);
        match self.ask_bytes(Method::Delete, path, None).await {
            Ok(_) => Ok(()),
            // Ended already: that is what was wanted.
            Err(ApiError::Refused(problem)) if matches!(problem.status, 401 | 404) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

//! The session: a short-lived access token, and a refresh token that is used once.

use huis_core::identity::DeviceSecret;
use huis_proto::rest::{RefreshSession, Secret, SessionGrant};
use huis_proto::{SessionId, labels};
use huis_views::{Connection, Event, Failure};
use serde::{Deserialize, Serialize};

use crate::api::ApiError;
use crate::client::{Client, Step};
use crate::db::{DbError, Tables};
use crate::ports::Method;

/// An access token is renewed this long before its end.
const AHEAD_MS: u64 = 90_000;

/// The session as it stands in the database.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) session: SessionId,
    access_token: Secret,
    /// By the device's own clock.
    access_until_ms: u64,
    refresh_token: Secret,
    /// The server ended it.
    pub(crate) ended: bool,
}

/// Reads the session.
pub(crate) fn read_session(tables: Tables<'_>) -> Result<Option<Session>, DbError> {
    tables.fact("session")
}

impl Session {
    /// The session of a grant that came at `now_ms` by the device's clock.
    fn of(grant: &SessionGrant, now_ms: u64) -> Self {
        Self {
            session: grant.session,
            access_token: grant.access_token.clone(),
            access_until_ms: now_ms.saturating_add(grant.access_expires_in_s.saturating_mul(1000)),
            refresh_token: grant.refresh_token.clone(),
            ended: false,
        }
    }
}

impl Step<'_> {
    /// Keeps a grant. The caller sets it in memory after the commit.
    pub(super) fn keep_session(&mut self, grant: &SessionGrant) -> Result<Session, DbError> {
        let session = Session::of(grant, self.client.clock.now_ms());
        self.tables.put_fact("session", &session)?;
        Ok(session)
    }
}

impl Client {
    /// A valid access token; `renew` asks for another one than the present.
    ///
    /// A lost answer to a refresh loses nothing: the token before stays valid at the server until its successor is
    /// used, so the same refresh is asked again.
    pub(crate) async fn access_token(&self, renew: bool) -> Result<Secret, ApiError> {
        let before = self.live_session()?;
        let _one_at_a_time = self.refreshing.lock().await;
        let session = self.live_session()?;
        let renewed_meanwhile = session.access_until_ms != before.access_until_ms;
        let fresh = session.access_until_ms > self.clock.now_ms().saturating_add(AHEAD_MS);
        if fresh && (!renew || renewed_meanwhile) {
            return Ok(session.access_token);
        }
        let me = self.signed_in().map_err(ApiError::Own)?;
        let asked_with = Some(session.session);
        let body = RefreshSession {
            proof: prove(&me.device.secret, &session.refresh_token),
            refresh_token: session.refresh_token,
        };
        let path = "/api/v1/sessions/refresh".into();
        let asked_ms = self.clock.now_ms();
        let grant: SessionGrant = match self.ask_openly(Method::Post, path, Some(&body)).await {
            Ok(grant) => grant,
            Err(error) => {
                if matches!(&error, ApiError::Refused(problem) if problem.status == 401) {
                    self.session_ended_unless_renewed(asked_with);
                    return Err(ApiError::Own(Failure::SessionEnded));
                }
                return Err(error);
            }
        };
        self.heard_time(grant.server_time_ms, asked_ms);
        let session =
            self.step(|step| step.keep_session(&grant)).map_err(|error: DbError| ApiError::Own(error.into()))?;
        self.set_session(Some(session.clone()));
        Ok(session.access_token)
    }

    fn live_session(&self) -> Result<Session, ApiError> {
        match self.session() {
            Some(session) if !session.ended => Ok(session),
            Some(_) => Err(ApiError::Own(Failure::SessionEnded)),
            None => Err(ApiError::Own(Failure::NotSignedIn)),
        }
    }

    /// Whether the session lives.
    pub(crate) fn has_session(&self) -> bool {
        self.live_session().is_ok()
    }

    /// As [`session_ended`](Self::session_ended), unless somebody has signed in again since the session `asked_with` was
    /// shown to the server: what is said of an old session says nothing of the present one.
    pub(crate) fn session_ended_unless_renewed(&self, asked_with: Option<SessionId>) {
        if self.session_id() == asked_with {
            self.session_ended();
        }
    }

    /// The session that is shown to the server.
    pub(crate) fn session_id(&self) -> Option<SessionId> {
        self.session().map(|session| session.session)
    }

    /// The server ended the session: everything stays, nothing is asked any more before somebody signs in again.
    pub(crate) fn session_ended(&self) {
        let Some(session) = self.session().filter(|session| !session.ended) else { return };
        let ended = Session { ended: true, ..session };
        let kept: Result<(), DbError> = self.step(|step| {
            step.event(Event::SessionEnded);
            step.tables.put_fact("session", &ended)
        });
        if let Err(error) = kept {
            tracing::warn!(%error, "the end of the session was not stored");
        }
        self.set_session(Some(ended));
        self.set_connection(Connection::Idle);
        self.signals.reconnect.notify_one();
    }
}

/// The device's proof that a token or ticket is in its own hands.
pub(super) fn prove(secret: &DeviceSecret, token: &Secret) -> huis_proto::Bytes {
    secret.sign(labels::SESSION, token.expose().as_bytes())
}

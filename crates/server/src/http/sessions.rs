//! Sessions: listed, refreshed, ended.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use huis_proto::rest::{RefreshSession, SessionGrant, SessionInfo};
use huis_proto::{SessionId, labels};
use huis_store::Refresh;

use super::address::ClientAddress;
use super::device_lists::newest_list;
use super::json::{JsonBody, UrlPath};
use super::problem::Refusal;
use super::resources::{OpenApiRouter, routes};
use super::session_grants::{self, RefreshToken};
use super::signed_in::SignedInDevice;
use super::token_cookie::{Granted, TokenWay, take_away};
use crate::state::App;

const MINUTE_MS: u64 = 60_000;

pub(super) fn routes() -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(refresh))
        .routes(routes!(end_current))
        .routes(routes!(end))
}

/// The account's sessions, as a list.
#[utoipa::path(get, path = "/api/v1/sessions", tag = "sessions", responses((status = 200, body = [SessionInfo]), Refusal))]
async fn list(State(app): State<App>, asker: SignedInDevice) -> Result<Json<Vec<SessionInfo>>, Refusal> {
    let sessions = app.store.sessions(asker.member.account).await?;
    let described = sessions.into_iter().map(|session| SessionInfo {
        session: session.session,
        device: session.device,
        began_at_ms: session.began_at_ms,
        used_at_ms: session.used_at_ms - session.used_at_ms % MINUTE_MS,
        current: session.session == asker.session,
    });
    Ok(Json(described.collect()))
}

/// Trades a refresh token, with the device's signature over it, for the next tokens.
#[utoipa::path(
    post,
    path = "/api/v1/sessions/refresh", security(()),
    tag = "sessions",
    request_body = RefreshSession,
    responses((status = 200, body = SessionGrant), Refusal)
)]
async fn refresh(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    way: TokenWay,
    JsonBody(request): JsonBody<RefreshSession>,
) -> Result<Granted, Refusal> {
    let now_ms = app.clock.now_ms();
    let presented = session_grants::hash_of(&request.refresh_token);
    let Some(session) = app.store.session_by_refresh(presented).await? else {
        // Tokens have 256 bits, but whoever tries many is up to no good.
        app.rate_limits.guess(address, now_ms).await?;
        return Err(Refusal::session_ended());
    };
    let account = app.store.account(session.account).await?.ok_or_else(Refusal::session_ended)?;
    let list = newest_list(&account)?;
    // A stolen token is of no use without the device's key, and does not even end the session.
    let proved = list.device(session.device).is_some_and(|listed| {
        let token = request.refresh_token.expose().as_bytes();
        labels::verify(&listed.signature_key, labels::SESSION, token, &request.proof).is_ok()
    });
    if !proved {
        app.rate_limits.guess(address, now_ms).await?;
        return Err(Refusal::proof("The proof is not the session's device's signature over the refresh token."));
    }
    let idle_ms = u64::try_from(app.config.idle_session.as_millis()).unwrap_or(u64::MAX);
    if !session.stays_signed_in && now_ms.saturating_sub(session.used_at_ms) > idle_ms {
        app.store.end_session(session.account, session.session).await?;
        app.hub.session_ended(session.session);
        return Err(Refusal::session_ended());
    }
    let next = RefreshToken::random();
    match app.store.refresh_session(presented, next.hash(), now_ms).await? {
        Refresh::Renewed(session) => {
            Ok(Granted { grant: session_grants::grant(&app, &session, account.username, next)?, way })
        }
        Refresh::Reused(session) => {
            tracing::warn!(session = %session.session, "an old refresh token was used again; the session has ended");
            app.hub.session_ended(session.session);
            Err(Refusal::session_ended())
        }
        Refresh::Unknown => Err(Refusal::session_ended()),
    }
}

/// Ends the session that asks.
#[utoipa::path(delete, path = "/api/v1/sessions/current", tag = "sessions", responses((status = 204), Refusal))]
async fn end_current(State(app): State<App>, asker: SignedInDevice) -> Result<Response, Refusal> {
    end_session(&app, asker, asker.session).await
}

/// Ends a session of the account, at once.
#[utoipa::path(
    delete,
    path = "/api/v1/sessions/{session}",
    tag = "sessions",
    params(("session" = SessionId, Path)),
    responses((status = 204), Refusal)
)]
async fn end(
    State(app): State<App>,
    asker: SignedInDevice,
    UrlPath(session): UrlPath<SessionId>,
) -> Result<Response, Refusal> {
    end_session(&app, asker, session).await
}

async fn end_session(app: &App, asker: SignedInDevice, session: SessionId) -> Result<Response, Refusal> {
    if !app.store.end_session(asker.member.account, session).await? {
        return Err(Refusal::not_found("Your account has no such session; it may have ended."));
    }
    app.hub.session_ended(session);
    let mut done = StatusCode::NO_CONTENT.into_response();
    if asker.by_cookie && session == asker.session {
        take_away(done.headers_mut());
    }
    Ok(done)
}

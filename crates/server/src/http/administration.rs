//! What the super-administrator does on a running server: ends an account's sessions, renews the access passphrase,
//! stops the server.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use huis_proto::names;
use huis_proto::rest::{AccessPassphraseMade, EndSessions, SessionsEnded};

use super::administrators::only_the_super_administrator;
use super::json::JsonBody;
use super::problem::Refusal;
use super::resources::{OpenApiRouter, routes};
use super::signed_in::SignedInDevice;
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(end_sessions)).routes(routes!(renew_passphrase)).routes(routes!(stop))
}

/// Ends all sessions of another account, at once. It may sign in again.
#[utoipa::path(
    post,
    path = "/api/v1/administration/sessions/end",
    tag = "administration",
    request_body = EndSessions,
    responses((status = 200, body = SessionsEnded), Refusal)
)]
async fn end_sessions(
    State(app): State<App>,
    asker: SignedInDevice,
    JsonBody(request): JsonBody<EndSessions>,
) -> Result<Json<SessionsEnded>, Refusal> {
    only_the_super_administrator(&app, asker, "ends the sessions of others.").await?;
    let username = names::username(&request.username).map_err(|error| Refusal::bad_request(error.to_string()))?;
    let Some(account) = app.store.account_by_name(&username).await? else {
        return Err(Refusal::not_found(format!("There is no account {username} on this server.")));
    };
    if account.account == asker.member.account {
        return Err(Refusal::bad_request("These are your own sessions; sign out instead."));
    }
    let mut count = 0;
    for session in app.store.sessions(account.account).await? {
        if app.store.end_session(account.account, session.session).await? {
            app.hub.session_ended(session.session);
            count += 1;
        }
    }
    tracing::info!(account = %account.account, count, "the super-administrator ended an account's sessions");
    Ok(Json(SessionsEnded { count }))
}

/// Makes a fresh access passphrase, which counts until the server starts again. It is in this answer and nowhere else.
#[utoipa::path(
    post,
    path = "/api/v1/administration/access-passphrase",
    tag = "administration",
    responses((status = 200, body = AccessPassphraseMade), Refusal)
)]
async fn renew_passphrase(
    State(app): State<App>,
    asker: SignedInDevice,
) -> Result<Json<AccessPassphraseMade>, Refusal> {
    only_the_super_administrator(&app, asker, "renews the access passphrase.").await?;
    if app.config.bus.is_some() {
        return Err(Refusal::bad_request(
            "This server has several nodes, whose access passphrase is a setting: change access-passphrase and start them again, one after another.",
        ));
    }
    let Some(access_passphrase) = app.admission.renew_passphrase() else {
        return Err(Refusal::bad_request("This server lets nobody in by a passphrase; see --registration."));
    };
    tracing::info!("the super-administrator renewed the access passphrase");
    Ok(Json(AccessPassphraseMade { access_passphrase }))
}

/// Stops the server as SIGTERM does: what it accepted is finished, and connections are closed with a reason.
#[utoipa::path(
    post,
    path = "/api/v1/administration/stop",
    tag = "administration",
    responses((status = 202), Refusal)
)]
async fn stop(State(app): State<App>, asker: SignedInDevice) -> Result<StatusCode, Refusal> {
    only_the_super_administrator(&app, asker, "stops the server.").await?;
    tracing::info!("the super-administrator stops the server");
    app.stop_asked.notify_one();
    Ok(StatusCode::ACCEPTED)
}

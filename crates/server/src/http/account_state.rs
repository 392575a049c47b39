//! The sealed state that an account's devices share.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use huis_proto::rest::AccountState;
use huis_proto::{ErrorCode, limits};
use huis_store::{Numbered, Swap};

use super::json::JsonBody;
use super::problem::Refusal;
use super::registrations::check_size;
use super::resources::{OpenApiRouter, routes};
use super::signed_in::SignedInDevice;
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(state, put_state))
}

/// The newest account state.
#[utoipa::path(get, path = "/api/v1/account/state", tag = "accounts", responses((status = 200, body = AccountState), Refusal))]
async fn state(State(app): State<App>, asker: SignedInDevice) -> Result<Json<AccountState>, Refusal> {
    let state = app.store.account_state(asker.member.account).await?;
    let state = state.ok_or_else(|| Refusal::not_found("This account has no state."))?;
    Ok(Json(AccountState { version: state.number, sealed: state.sealed, replaces: None }))
}

/// Stores a new account state, and tells the account's other devices.
#[utoipa::path(
    put,
    path = "/api/v1/account/state",
    tag = "accounts",
    request_body = AccountState,
    responses((status = 204), Refusal)
)]
async fn put_state(
    State(app): State<App>,
    asker: SignedInDevice,
    JsonBody(request): JsonBody<AccountState>,
) -> Result<StatusCode, Refusal> {
    let account = asker.member.account;
    check_size("The account state", &request.sealed, limits::ACCOUNT_STATE)?;
    let replaces = request.replaces.unwrap_or(request.version.saturating_sub(1));
    let state = Numbered { number: request.version, sealed: request.sealed };
    match app.store.put_account_state(account, state.clone(), replaces).await? {
        Swap::Stored => {
            app.hub.account_state_changed(account, state.number);
            Ok(StatusCode::NO_CONTENT)
        }
        // The answer to the first try was lost.
        Swap::Conflict(newest) if newest == state.number && app.store.account_state(account).await? == Some(state) => {
            Ok(StatusCode::NO_CONTENT)
        }
        Swap::Conflict(newest) => Err(Refusal::new(
            ErrorCode::StateConflict,
            format!("Another account state came first; the newest is version {newest}. Fetch it and build on it."),
        )),
    }
}

//! The sealed vault. A session alone does not open it or replace it: who asks must have proved the password within the
//! last ten minutes, and shows the ticket of that sign-in. So a stolen access token gets no material to guess
//! passwords against (and the second factor, which guards the ticket, guards the vault).

use axum::Json;
use axum::extract::State;
use http::{HeaderMap, StatusCode};
use huis_proto::rest::Vault;
use huis_proto::{AccountId, ErrorCode, limits};
use huis_store::{Numbered, Swap};

use super::json::JsonBody;
use super::problem::Refusal;
use super::registrations::check_size;
use super::resources::{OpenApiRouter, routes};
use super::signed_in::SignedInDevice;
use super::tickets::Ticket;
use crate::state::App;

/// The header that carries the ticket.
const TICKET: &str = "huis-ticket";

pub(super) fn routes() -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(vault, put_vault))
}

/// The newest vault.
#[utoipa::path(
    get,
    path = "/api/v1/account/vault",
    tag = "accounts",
    params(("huis-ticket" = String, Header, description = "The ticket of a sign-in of this account, at most ten minutes old")),
    responses((status = 200, body = Vault), Refusal)
)]
async fn vault(State(app): State<App>, asker: SignedInDevice, headers: HeaderMap) -> Result<Json<Vault>, Refusal> {
    check_ticket(&app, &headers, asker.member.account).await?;
    let vault = app.store.vault(asker.member.account).await?;
    let vault = vault.ok_or_else(|| Refusal::not_found("This account has no vault."))?;
    Ok(Json(Vault { number: vault.number, sealed: vault.sealed }))
}

/// Stores a new vault.
#[utoipa::path(
    put,
    path = "/api/v1/account/vault",
    tag = "accounts",
    params(("huis-ticket" = String, Header, description = "The ticket of a sign-in of this account, at most ten minutes old")),
    request_body = Vault,
    responses((status = 204), Refusal)
)]
async fn put_vault(
    State(app): State<App>,
    asker: SignedInDevice,
    headers: HeaderMap,
    JsonBody(request): JsonBody<Vault>,
) -> Result<StatusCode, Refusal> {
    let account = asker.member.account;
    check_ticket(&app, &headers, account).await?;
    check_size("The vault", &request.sealed, limits::VAULT)?;
    let vault = Numbered { number: request.number, sealed: request.sealed };
    match app.store.put_vault(account, vault.clone()).await? {
        Swap::Stored => Ok(StatusCode::NO_CONTENT),
        // The answer to the first try was lost.
        Swap::Conflict(newest) if newest == vault.number && app.store.vault(account).await? == Some(vault) => {
            Ok(StatusCode::NO_CONTENT)
        }
        Swap::Conflict(newest) => Err(Refusal::new(
            ErrorCode::StateConflict,
            format!("Another vault came first; the newest is number {newest}. Fetch it and build on it."),
        )),
    }
}

async fn check_ticket(app: &App, headers: &HeaderMap, account: AccountId) -> Result<(), Refusal> {
    let text = headers.get(TICKET).and_then(|header| header.to_str().ok()).ok_or_else(|| {
        Refusal::proof("The vault needs the ticket of a fresh sign-in in the header huis-ticket; sign in again.")
    })?;
    if Ticket::open(app, text).await?.0.account == account {
        Ok(())
    } else {
        Err(Refusal::proof("The ticket belongs to another account."))
    }
}

//! Another recovery key in place of the one before. The ticket of a sign-in proves the password; key and vault change
//! together, so the one before opens nothing any more from that moment on.

use axum::extract::State;
use http::StatusCode;
use huis_proto::limits;
use huis_proto::rest::ChangeRecoveryKey;
use huis_store::{NewRecoveryKey, Numbered, RecoveryKeyChange};

use super::json::JsonBody;
use super::password_changes::{came_first, who_proved};
use super::problem::Refusal;
use super::registrations::{check_key, check_size};
use super::resources::{OpenApiRouter, routes};
use super::signed_in::SignedInDevice;
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(change))
}

/// Replaces the recovery key, with the vault that is sealed under it.
#[utoipa::path(
    post,
    path = "/api/v1/account/recovery-key",
    tag = "accounts",
    request_body = ChangeRecoveryKey,
    responses((status = 204), Refusal)
)]
async fn change(
    State(app): State<App>,
    asker: SignedInDevice,
    JsonBody(request): JsonBody<ChangeRecoveryKey>,
) -> Result<StatusCode, Refusal> {
    let ChangeRecoveryKey { ticket, recovery_key, vault } = request;
    let (ticket, account) = who_proved(&app, asker.member.account, ticket.expose()).await?;
    check_key("recovery key", &recovery_key)?;
    check_size("The vault", &vault.sealed, limits::VAULT)?;
    let new = NewRecoveryKey {
        account: account.account,
        password_number: ticket.password_number,
        recovery_key,
        vault: Numbered { number: vault.number, sealed: vault.sealed },
    };
    match app.store.change_recovery_key(new).await? {
        RecoveryKeyChange::Stored => {
            tracing::info!("an account has another recovery key");
            Ok(StatusCode::NO_CONTENT)
        }
        RecoveryKeyChange::Conflict => Err(came_first()),
    }
}

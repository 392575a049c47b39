//! A new password by the old one. The ticket of a sign-in proves the old one; record and vault change together.

use axum::Json;
use axum::extract::State;
use huis_proto::opaque::StretchParameters;
use huis_proto::rest::{FinishPasswordChange, PasswordChanged, RegistrationStarted, StartPasswordChange, Vault};
use huis_proto::{AccountId, Bytes, ErrorCode, SessionId, limits};
use huis_store::{Account, EndedSessions, NewPassword, Numbered, PasswordChange};

use super::conversations::finished;
use super::first_steps::malformed;
use super::json::JsonBody;
use super::problem::Refusal;
use super::registrations::{check_size, check_stretch};
use super::resources::{OpenApiRouter, routes};
use super::signed_in::SignedInDevice;
use super::tickets::Ticket;
use crate::passwords::OpaqueServer;
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(start)).routes(routes!(finish))
}

/// The first step to a new password: OPAQUE's first message.
#[utoipa::path(
    post,
    path = "/api/v1/account/password/start",
    tag = "accounts",
    request_body = StartPasswordChange,
    responses((status = 200, body = RegistrationStarted), Refusal)
)]
async fn start(
    State(app): State<App>,
    asker: SignedInDevice,
    JsonBody(request): JsonBody<StartPasswordChange>,
) -> Result<Json<RegistrationStarted>, Refusal> {
    let (_, account) = who_proved(&app, asker.member.account, request.ticket.expose()).await?;
    let opaque = app.opaque.start_registration(&account.username, &request.opaque).map_err(malformed)?;
    Ok(Json(RegistrationStarted { opaque: Bytes(opaque), stretch: app.config.stretch }))
}

/// The second step: the new password counts from here on, and the old one no longer.
#[utoipa::path(
    post,
    path = "/api/v1/account/password/finish",
    tag = "accounts",
    request_body = FinishPasswordChange,
    responses((status = 200, body = PasswordChanged), Refusal)
)]
async fn finish(
    State(app): State<App>,
    asker: SignedInDevice,
    JsonBody(request): JsonBody<FinishPasswordChange>,
) -> Result<Json<PasswordChanged>, Refusal> {
    let (_, account) = who_proved(&app, asker.member.account, request.ticket.expose()).await?;
    let ends = if request.end_other_sessions { EndedSessions::AllBut(asker.session) } else { EndedSessions::None };
    let number = account.password_number;
    set(&app, account.account, number, &request.opaque, request.stretch, request.vault, ends).await.map(Json)
}

/// The ticket and its account, if it is the asker's.
pub(super) async fn who_proved(app: &App, asker: AccountId, ticket: &str) -> Result<(Ticket, Account), Refusal> {
    let (ticket, account) = Ticket::open(app, ticket).await?;
    if account.account == asker {
        Ok((ticket, account))
    } else {
        Err(Refusal::proof("The ticket belongs to another account."))
    }
}

/// Stores a new password with its vault, and ends sessions. `follows` is the number of the password on which this was
/// allowed. **The caller has checked the right to it.**
pub(super) async fn set(
    app: &App,
    account: AccountId,
    follows: u64,
    upload: &[u8],
    stretch: StretchParameters,
    vault: Vault,
    ends: EndedSessions,
) -> Result<PasswordChanged, Refusal> {
    let new = new_password(app, account, follows, upload, stretch, vault, ends)?;
    let app = app.clone();
    // Sessions that ended in the store are cut off here, also if the client goes away meanwhile.
    let changed = async move {
        match app.store.change_password(new).await.map_err(|error| Refusal::from(error).0)? {
            PasswordChange::Stored(ended) => Ok(cut_off(&app, &ended)),
            PasswordChange::Conflict => Err(came_first().0),
        }
    };
    finished(changed).await.map(|Json(changed)| changed)
}

/// What the store is to keep of a new password, if it is of the form that it should be.
pub(super) fn new_password(
    app: &App,
    account: AccountId,
    follows: u64,
    upload: &[u8],
    stretch: StretchParameters,
    vault: Vault,
    ends: EndedSessions,
) -> Result<NewPassword, Refusal> {
    check_stretch(app, stretch)?;
    check_size("The vault", &vault.sealed, limits::VAULT)?;
    let opaque = Bytes(OpaqueServer::finish_registration(upload).map_err(malformed)?);
    let vault = Numbered { number: vault.number, sealed: vault.sealed };
    Ok(NewPassword { account, follows, opaque, stretch, vault, ends })
}

/// Closes the connections of sessions that have ended in the store.
pub(super) fn cut_off(app: &App, ended: &[SessionId]) -> PasswordChanged {
    for session in ended {
        app.hub.session_ended(*session);
    }
    PasswordChanged { ended_sessions: u32::try_from(ended.len()).unwrap_or(u32::MAX) }
}

pub(super) fn came_first() -> Refusal {
    let reason = "Another password, vault or account state came first, and nothing was changed; begin again.";
    Refusal::new(ErrorCode::StateConflict, reason)
}

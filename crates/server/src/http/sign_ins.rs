//! How a password is proved (OPAQUE: RFC 9807). Names that nobody has are answered by the same code, with the same
//! sizes, as those that somebody has.

use axum::Json;
use axum::extract::State;
use huis_proto::rest::{FinishSignIn, SignInStarted, SignedIn, StartSignIn};
use huis_proto::{Bytes, ErrorCode};
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};

use super::address::ClientAddress;
use super::first_steps::{Named, fixed, malformed, seal};
use super::json::JsonBody;
use super::problem::Refusal;
use super::resources::{OpenApiRouter, routes};
use super::second_factors;
use super::tickets::{Ticket, refuse_barred};
use crate::passwords::OpaqueServer;
use crate::sealing::Purpose;
use crate::state::App;

/// The server's half of a sign-in between its two steps; it travels sealed through the client.
#[derive(Serialize, Deserialize)]
struct UnfinishedSignIn {
    username: String,
    opaque: Bytes,
    /// Which password is being proved; 0 for a name that nobody has. A byte string, so that all are as long.
    password_number: Bytes,
}

pub(super) fn routes() -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(start)).routes(routes!(finish))
}

/// The first step: OPAQUE's first message.
#[utoipa::path(
    post,
    path = "/api/v1/sign-ins/start", security(()),
    tag = "sign-in",
    request_body = StartSignIn,
    responses((status = 200, body = SignInStarted), Refusal)
)]
async fn start(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    JsonBody(request): JsonBody<StartSignIn>,
) -> Result<Json<SignInStarted>, Refusal> {
    // The client can tell from this step's answer whether it has guessed right, so this is the step that counts.
    let named = Named::find(&app, address, &request.username).await?;
    let opaque = named.record.as_ref().map(|record| &*record.opaque);
    let answer = app.opaque.start_sign_in(&mut OsRng, &named.username, opaque, &request.opaque).map_err(malformed)?;
    let password_number = named.password_number();
    let Named { username, record } = named;
    let unfinished = UnfinishedSignIn { username, opaque: Bytes(answer.state.to_vec()), password_number };
    metrics::counter!("huis_sign_ins_begun_total").increment(1);
    Ok(Json(SignInStarted {
        opaque: Bytes(answer.response),
        stretch: record.map_or(app.config.stretch, |record| record.stretch),
        state: seal(&app, Purpose::SignIn, &unfinished)?,
    }))
}

/// The second step: gives a ticket to enrol or resume a device with, and what a new device needs.
#[utoipa::path(
    post,
    path = "/api/v1/sign-ins/finish", security(()),
    tag = "sign-in",
    request_body = FinishSignIn,
    responses((status = 200, body = SignedIn), Refusal)
)]
async fn finish(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    JsonBody(request): JsonBody<FinishSignIn>,
) -> Result<Json<SignedIn>, Refusal> {
    let unfinished: UnfinishedSignIn =
        app.sealing.open(Purpose::SignIn, &request.state, app.clock.now_ms()).map_err(|_| {
            Refusal::proof("The sign-in's state is not of this server, or older than two minutes; begin again.")
        })?;
    let refused = || Refusal::new(ErrorCode::SignInRefused, "The name or the password is wrong.");
    let UnfinishedSignIn { username, opaque, password_number } = unfinished;
    if !OpaqueServer::finish_sign_in(&username, &opaque, &request.opaque).map_err(malformed)? {
        return Err(refused());
    }
    metrics::counter!("huis_sign_ins_proved_total").increment(1);
    let account = app.store.account_by_name(&username).await?.ok_or_else(refused)?;
    if password_number != fixed(account.password_number) {
        // Changed between the two steps: what was proved is the old one.
        return Err(refused());
    }
    // Who has proved the password, and nobody else, learns of it.
    refuse_barred(&app, account.account).await?;
    // Neither vault nor ticket before it.
    let shown = second_factors::check(&app, address, &account, request.second_factor.as_ref()).await?;
    let shown_until_ms = shown.as_ref().map_or(u64::MAX, |shown| shown.until_ms);
    let vault = app.store.vault(account.account).await?.ok_or_else(|| {
        tracing::error!("an account without a vault");
        Refusal::internal()
    })?;
    let ticket = Ticket {
        account: account.account,
        device_list_number: account.device_list_number,
        password_number: account.password_number,
        second_factor_number: account.second_factor_number,
    };
    let state = app.store.account_state(account.account).await?.ok_or_else(|| {
        tracing::error!("an account without a state");
        Refusal::internal()
    })?;
    Ok(Json(SignedIn {
        account: account.account,
        username: account.username,
        ticket: ticket.issue(&app, shown_until_ms)?,
        identity_key: account.identity_key,
        vault: vault.sealed,
        vault_number: vault.number,
        device_list: account.device_list,
        account_state: state.sealed,
        second_factor_pass: shown.map(|shown| shown.pass),
    }))
}

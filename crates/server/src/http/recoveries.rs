//! A new password by the recovery key, where the old one is forgotten. Names that nobody has are answered by the same
//! code, with the same sizes, as those that somebody has.

use axum::Json;
use axum::extract::State;
use ed25519_dalek::SigningKey;
use huis_proto::rest::{
    FinishRecovery, OpenRecovery, PasswordChanged, RecoveryStarted, RecoveryVault, StartRecovery, Vault,
};
use huis_proto::{AccountId, Bytes, Bytes32, ErrorCode, labels, recovery};
use huis_store::{EndedSessions, PasswordRecord};
use rand::RngCore as _;
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};

use super::address::ClientAddress;
use super::device_lists::own_account;
use super::first_steps::{Named, fixed, malformed, seal};
use super::json::JsonBody;
use super::password_changes::set;
use super::problem::Refusal;
use super::resources::{OpenApiRouter, routes};
use super::second_factors;
use crate::sealing::Purpose;
use crate::state::App;

/// Which recovery of which account it is; it travels sealed through the client, which signs it. Each field has a size of
/// its own that is the same for a name that nobody has.
#[derive(Serialize, Deserialize)]
struct Recovery {
    username: String,
    /// Zeros for a name that nobody has.
    account: AccountId,
    /// The password that is to be replaced: with the next one this recovery is over.
    password_number: Bytes,
    /// No two recoveries are the same.
    nonce: Bytes32,
}

pub(super) fn routes() -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(start)).routes(routes!(vault)).routes(routes!(finish))
}

/// The first step: OPAQUE's first message for the new password.
#[utoipa::path(
    post,
    path = "/api/v1/recoveries/start", security(()),
    tag = "sign-in",
    request_body = StartRecovery,
    responses((status = 200, body = RecoveryStarted), Refusal)
)]
async fn start(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    JsonBody(request): JsonBody<StartRecovery>,
) -> Result<Json<RecoveryStarted>, Refusal> {
    let named = Named::find(&app, address, &request.username).await?;
    let opaque = app.opaque.start_registration(&named.username, &request.opaque).map_err(malformed)?;
    let mut nonce = [0; 32];
    OsRng.fill_bytes(&mut nonce);
    let password_number = named.password_number();
    let account = named.record.map_or(AccountId::from_bytes([0; 16]), |record| record.account);
    let recovery = Recovery { username: named.username, account, password_number, nonce: Bytes32(nonce) };
    let state = seal(&app, Purpose::Recovery, &recovery)?;
    Ok(Json(RecoveryStarted { opaque: Bytes(opaque), stretch: app.config.stretch, state }))
}

/// The second step: gives the sealed vault to whoever holds the recovery key.
#[utoipa::path(
    post,
    path = "/api/v1/recoveries/vault", security(()),
    tag = "sign-in",
    request_body = OpenRecovery,
    responses((status = 200, body = RecoveryVault), Refusal)
)]
async fn vault(
    State(app): State<App>,
    client: ClientAddress,
    JsonBody(request): JsonBody<OpenRecovery>,
) -> Result<Json<RecoveryVault>, Refusal> {
    let proof = Proof { label: labels::RECOVERY_VAULT, signed: &request.state, signature: &request.proof };
    let record = who_proved(&app, client, &request.state, &proof).await?;
    let account = own_account(&app, record.account).await?;
    // The recovery key takes the place of the password alone.
    let shown = second_factors::check(&app, client.0, &account, request.second_factor.as_ref()).await?;
    let vault = app.store.vault(record.account).await?.ok_or_else(|| {
        tracing::error!("an account without a vault");
        Refusal::internal()
    })?;
    Ok(Json(RecoveryVault {
        account: account.account,
        identity_key: account.identity_key,
        vault: Vault { number: vault.number, sealed: vault.sealed },
        second_factor_pass: shown.map(|shown| shown.pass),
    }))
}

/// The third step: the new password counts from here on, and every session of the account has ended.
#[utoipa::path(
    post,
    path = "/api/v1/recoveries/finish", security(()),
    tag = "sign-in",
    request_body = FinishRecovery,
    responses((status = 200, body = PasswordChanged), Refusal)
)]
async fn finish(
    State(app): State<App>,
    client: ClientAddress,
    JsonBody(request): JsonBody<FinishRecovery>,
) -> Result<Json<PasswordChanged>, Refusal> {
    let FinishRecovery { state, opaque, stretch, vault, proof, second_factor } = request;
    let wish = recovery::wish(&state, &opaque, stretch, &vault);
    let proof = Proof { label: labels::RECOVERY, signed: &wish, signature: &proof };
    let record = who_proved(&app, client, &state, &proof).await?;
    let account = own_account(&app, record.account).await?;
    second_factors::check(&app, client.0, &account, second_factor.as_ref()).await?;
    let changed = set(&app, record.account, record.number, &opaque, stretch, vault, EndedSessions::All).await?;
    tracing::info!("an account was recovered by its recovery key");
    Ok(Json(changed))
}

/// A signature of the recovery key, and what it must be over.
struct Proof<'a> {
    label: &'static str,
    signed: &'a [u8],
    signature: &'a [u8],
}

/// The account of a recovery, if the signature is of its recovery key and the recovery is not over.
async fn who_proved(
    app: &App,
    ClientAddress(address): ClientAddress,
    state: &[u8],
    proof: &Proof<'_>,
) -> Result<PasswordRecord, Refusal> {
    let now_ms = app.clock.now_ms();
    let recovery: Recovery = app.sealing.open(Purpose::Recovery, state, now_ms).map_err(|_| {
        Refusal::proof("The recovery's state is not of this server, or older than two minutes; begin again.")
    })?;
    let record = app.store.password_record(&recovery.username).await?;
    // A key that nobody has stands for the one of a name that nobody has: the same work, the same answer.
    let nobodys = nobodys_key();
    let key = record.as_ref().map_or(nobodys, |record| record.recovery_key);
    let is_signed = labels::verify(&key, proof.label, proof.signed, proof.signature).is_ok();
    let proved = record.filter(|record| {
        is_signed && record.account == recovery.account && fixed(record.number) == recovery.password_number
    });
    if proved.is_none() {
        metrics::counter!("huis_recoveries_refused_total").increment(1);
        app.rate_limits.guess(address, now_ms).await?;
        app.rate_limits.guess_at_name(&recovery.username, now_ms).await?;
    }
    proved.ok_or_else(|| Refusal::new(ErrorCode::RecoveryRefused, "The name or the recovery key is wrong."))
}

fn nobodys_key() -> Bytes32 {
    let mut seed = [0; 32];
    OsRng.fill_bytes(&mut seed);
    Bytes32(SigningKey::from_bytes(&seed).verifying_key().to_bytes())
}

//! The second factor: turned on, shown at sign-ins and recoveries, and turned off. It guards the ticket and the vault: neither
//! is given before it was shown. Whether an account has one is told to nobody who has not proved the password or the recovery
//! key.

use std::net::IpAddr;

use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use huis_proto::rest::{
    FinishSecondFactor, RecoveryCodes, SecondFactorStarted, SecondFactorStatus, Secret, ShowTicket,
};
use huis_proto::{AccountId, Bytes, Bytes32, ErrorCode};
use huis_store::{Account, NewSecondFactor};
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use super::json::JsonBody;
use super::password_changes::who_proved;
use super::problem::Refusal;
use super::resources::{OpenApiRouter, routes};
use super::signed_in::SignedInDevice;
use crate::one_time_codes::{self, RECOVERY_CODES, SECRET, Typed};
use crate::sealing::Purpose;
use crate::state::App;

/// How long a person may take to set an authenticator up.
const BEGUN_LIFETIME_MS: u64 = 10 * 60 * 1000;
/// As long as a ticket.
const PASS_LIFETIME_MS: u64 = 10 * 60 * 1000;

/// A secret, bound to the account that it is of.
#[derive(Serialize, Deserialize)]
struct OfAccount {
    account: AccountId,
    /// The number of the second factor that it becomes, or is.
    number: u64,
    secret: Bytes,
}

impl Drop for OfAccount {
    fn drop(&mut self) {
        self.secret.0.zeroize();
    }
}

/// Whoever holds it has shown this second factor of this account within the last ten minutes.
#[derive(Serialize, Deserialize)]
struct Pass {
    account: AccountId,
    number: u64,
    until_ms: u64,
}

/// What a second factor that was shown is worth.
pub(super) struct Shown {
    /// Stands for a code in further steps.
    pub pass: Secret,
    /// Until when, by the server's clock. What is given for it is good for no longer.
    pub until_ms: u64,
}

pub(super) fn routes() -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(status))
        .routes(routes!(start))
        .routes(routes!(finish))
        .routes(routes!(codes))
        .routes(routes!(disable))
}

/// Sees that the second factor was shown, where the account has one; gives a pass for further steps then. **The caller has
/// checked the password or the recovery key.** Every attempt with a code counts as a guess, before it is looked at. The account's
/// own bucket is for digits alone: nobody guesses a recovery code, so who empties it does not keep the owner from showing one.
pub(super) async fn check(
    app: &App,
    address: IpAddr,
    account: &Account,
    given: Option<&Secret>,
) -> Result<Option<Shown>, Refusal> {
    if !account.second_factor_is_on {
        return Ok(None);
    }
    let given = given.ok_or_else(|| {
        let title = "This account has a second factor: a code of its authenticator, or a recovery code, is needed.";
        Refusal::new(ErrorCode::SecondFactorNeeded, title)
    })?;
    let (number, now_ms) = (account.second_factor_number, app.clock.now_ms());
    if let Some(sealed) = URL_SAFE_NO_PAD.decode(given.expose()).ok()
        && let Ok(pass) = app.sealing.open::<Pass>(Purpose::SecondFactorPass, &sealed, now_ms)
        && pass.account == account.account
        && pass.number == number
    {
        return Ok(Some(Shown { pass: given.clone(), until_ms: pass.until_ms }));
    }
    app.rate_limits.guess(address, now_ms).await?;
    let typed = Typed::read(given.expose());
    if matches!(typed, Some(Typed::Digits(_))) {
        app.rate_limits.guess_at_code(account.account, now_ms).await?;
    }
    if is_right(app, account, typed, now_ms).await? {
        let until_ms = now_ms.saturating_add(PASS_LIFETIME_MS);
        let pass = Pass { account: account.account, number, until_ms };
        let sealed = seal(app, Purpose::SecondFactorPass, &pass, until_ms)?;
        return Ok(Some(Shown { pass: Secret::new(URL_SAFE_NO_PAD.encode(sealed)), until_ms }));
    }
    metrics::counter!("huis_second_factors_refused_total").increment(1);
    Err(refused())
}

/// Whether the code is one of this account's that was not used. It is used up by this.
async fn is_right(app: &App, account: &Account, typed: Option<Typed>, now_ms: u64) -> Result<bool, Refusal> {
    let (id, number) = (account.account, account.second_factor_number);
    match typed {
        Some(Typed::Recovery(code)) => {
            let is_used = app.store.use_recovery_code(id, number, app.sealing.hash_of_code(id, &code)).await?;
            if is_used {
                tracing::info!("a recovery code took the place of an authenticator");
            }
            Ok(is_used)
        }
        Some(Typed::Digits(digits)) => {
            let Some(factor) = app.store.second_factor(id).await? else { return Ok(false) };
            let stored: OfAccount = app.sealing.open(Purpose::SecondFactor, &factor.sealed, 0).map_err(|error| {
                tracing::error!(%error, "the secret of a second factor does not open under this server's key");
                Refusal::internal()
            })?;
            if stored.account != id || stored.number != number {
                tracing::error!("the secret of a second factor is another account's");
                return Err(Refusal::internal());
            }
            match one_time_codes::step_of(&stored.secret, &digits, now_ms, factor.step) {
                Some(step) => Ok(app.store.use_second_factor_step(id, number, step).await?),
                None => Ok(false),
            }
        }
        None => Ok(false),
    }
}

/// Whether the account has a second factor.
#[utoipa::path(
    get,
    path = "/api/v1/account/second-factor",
    tag = "accounts",
    responses((status = 200, body = SecondFactorStatus), Refusal)
)]
async fn status(State(app): State<App>, asker: SignedInDevice) -> Result<Json<SecondFactorStatus>, Refusal> {
    let found = app.store.second_factor(asker.member.account).await?;
    let codes_left = found.as_ref().map_or(0, |found| found.codes_left);
    Ok(Json(SecondFactorStatus { enabled: found.is_some(), codes_left }))
}

/// The first step to a second factor: a secret for an authenticator, which does not count yet.
#[utoipa::path(
    post,
    path = "/api/v1/account/second-factor/start",
    tag = "accounts",
    request_body = ShowTicket,
    responses((status = 200, body = SecondFactorStarted), Refusal)
)]
async fn start(
    State(app): State<App>,
    asker: SignedInDevice,
    JsonBody(request): JsonBody<ShowTicket>,
) -> Result<Json<SecondFactorStarted>, Refusal> {
    let (_, account) = who_proved(&app, asker.member.account, request.ticket.expose()).await?;
    if account.second_factor_is_on {
        return Err(is_on());
    }
    let secret = one_time_codes::secret(&mut OsRng);
    let begun = of_account(&account, account.second_factor_number.saturating_add(1), secret.as_slice());
    let expires_at_ms = app.clock.now_ms().saturating_add(BEGUN_LIFETIME_MS);
    let state = seal(&app, Purpose::SecondFactorBegun, &begun, expires_at_ms)?;
    let secret = Secret::new(one_time_codes::secret_text(&secret).as_str());
    Ok(Json(SecondFactorStarted { secret, state: Bytes(state) }))
}

/// The second step: a right code shows that the authenticator has the secret, and it counts from here on.
#[utoipa::path(
    post,
    path = "/api/v1/account/second-factor/finish",
    tag = "accounts",
    request_body = FinishSecondFactor,
    responses((status = 200, body = RecoveryCodes), Refusal)
)]
async fn finish(
    State(app): State<App>,
    asker: SignedInDevice,
    JsonBody(request): JsonBody<FinishSecondFactor>,
) -> Result<Json<RecoveryCodes>, Refusal> {
    let (_, account) = who_proved(&app, asker.member.account, request.ticket.expose()).await?;
    if account.second_factor_is_on {
        return Err(is_on());
    }
    let now_ms = app.clock.now_ms();
    let begun: Option<OfAccount> = app.sealing.open(Purpose::SecondFactorBegun, &request.state, now_ms).ok();
    let follows = account.second_factor_number;
    let is_meant = |begun: &OfAccount| begun.account == account.account && begun.number == follows.saturating_add(1);
    let begun = begun.filter(is_meant).filter(|begun| begun.secret.len() == SECRET).ok_or_else(|| {
        Refusal::proof("This second factor was begun elsewhere, or more than ten minutes ago; begin again.")
    })?;
    let step = match Typed::read(request.code.expose()) {
        Some(Typed::Digits(digits)) => one_time_codes::step_of(&begun.secret, &digits, now_ms, 0),
        _ => None,
    };
    let step = step.ok_or_else(refused)?;
    let (codes, hashes) = fresh_codes(&app, account.account);
    let sealed = Bytes(seal(&app, Purpose::SecondFactor, &begun, u64::MAX)?);
    let new = NewSecondFactor { account: account.account, follows, sealed, step, codes: hashes };
    if app.store.enable_second_factor(new).await? { Ok(Json(codes)) } else { Err(is_on()) }
}

/// Other recovery codes in place of those that are left.
#[utoipa::path(
    post,
    path = "/api/v1/account/second-factor/codes",
    tag = "accounts",
    request_body = ShowTicket,
    responses((status = 200, body = RecoveryCodes), Refusal)
)]
async fn codes(
    State(app): State<App>,
    asker: SignedInDevice,
    JsonBody(request): JsonBody<ShowTicket>,
) -> Result<Json<RecoveryCodes>, Refusal> {
    let (ticket, account) = who_proved(&app, asker.member.account, request.ticket.expose()).await?;
    let (codes, hashes) = fresh_codes(&app, account.account);
    let number = ticket.second_factor_number;
    if app.store.replace_recovery_codes(account.account, number, hashes).await? {
        Ok(Json(codes))
    } else {
        Err(is_off())
    }
}

/// Turns the second factor off. The ticket shows that it was there at the sign-in.
#[utoipa::path(
    post,
    path = "/api/v1/account/second-factor/disable",
    tag = "accounts",
    request_body = ShowTicket,
    responses((status = 204), Refusal)
)]
async fn disable(
    State(app): State<App>,
    asker: SignedInDevice,
    JsonBody(request): JsonBody<ShowTicket>,
) -> Result<StatusCode, Refusal> {
    let (ticket, account) = who_proved(&app, asker.member.account, request.ticket.expose()).await?;
    if app.store.disable_second_factor(account.account, ticket.second_factor_number).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(is_off())
    }
}

fn fresh_codes(app: &App, account: AccountId) -> (RecoveryCodes, Vec<Bytes32>) {
    let fresh: Vec<Zeroizing<String>> =
        (0..RECOVERY_CODES).map(|_| one_time_codes::recovery_code(&mut OsRng)).collect();
    let hashes = fresh.iter().map(|code| app.sealing.hash_of_code(account, code)).collect();
    let codes = fresh.iter().map(|code| Secret::new(one_time_codes::shown(code).as_str())).collect();
    (RecoveryCodes { codes }, hashes)
}

fn of_account(account: &Account, number: u64, secret: &[u8]) -> OfAccount {
    OfAccount { account: account.account, number, secret: Bytes(secret.to_vec()) }
}

fn seal(app: &App, purpose: Purpose, value: &impl Serialize, expires_at_ms: u64) -> Result<Vec<u8>, Refusal> {
    app.sealing.seal(&mut OsRng, purpose, value, expires_at_ms).map_err(|error| {
        tracing::error!(%error, "what belongs to a second factor can't be sealed");
        Refusal::internal()
    })
}

fn refused() -> Refusal {
    Refusal::new(ErrorCode::SecondFactorRefused, "The code is wrong, or was used already; wait for the next one.")
}

fn is_on() -> Refusal {
    Refusal::new(ErrorCode::StateConflict, "This account has a second factor already.")
}

fn is_off() -> Refusal {
    Refusal::new(ErrorCode::StateConflict, "This account has no second factor.")
}

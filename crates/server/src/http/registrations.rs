//! How an account is made.

use axum::Json;
use axum::extract::State;
use ed25519_dalek::VerifyingKey;
use huis_proto::opaque::StretchParameters;
use huis_proto::rest::{self, FinishRegistration, RegistrationStarted, SessionGrant, StartRegistration};
use huis_proto::{Bytes, Bytes32, ErrorCode, Member, limits, names};
use huis_store::{Creation, NewAccount, PasswordRecord};

use super::address::ClientAddress;
use super::bars;
use super::first_steps::malformed;
use super::json::JsonBody;
use super::problem::Refusal;
use super::resources::{OpenApiRouter, routes};
use super::session_grants;
use super::token_cookie::{Granted, TokenWay};
use crate::admission::{Admitted, Known, not_invited};
use crate::invitation_codes::hash_of;
use crate::passwords::OpaqueServer;
use crate::state::App;

/// The number of the password that an account begins with.
const FIRST_PASSWORD: u64 = 1;

pub(super) fn routes() -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(start)).routes(routes!(finish))
}

/// The first step: the wished name, what lets the newcomer in, OPAQUE's first message.
#[utoipa::path(
    post,
    path = "/api/v1/registrations/start", security(()),
    tag = "registration",
    request_body = StartRegistration,
    responses((status = 200, body = RegistrationStarted), Refusal)
)]
async fn start(
    State(app): State<App>,
    client: ClientAddress,
    JsonBody(request): JsonBody<StartRegistration>,
) -> Result<Json<RegistrationStarted>, Refusal> {
    let (username, _) = admitted(&app, client, &request.username, &request.admission).await?;
    let creation = app.store.name_state(&username, &names::skeleton(&username)).await?;
    refuse_unless_created(creation, &username)?;
    let opaque = app.opaque.start_registration(&username, &request.opaque).map_err(malformed)?;
    Ok(Json(RegistrationStarted { opaque: Bytes(opaque), stretch: app.config.stretch }))
}

/// The second step: makes the account with its first device, which is signed in.
#[utoipa::path(
    post,
    path = "/api/v1/registrations/finish", security(()),
    tag = "registration",
    request_body = FinishRegistration,
    responses((status = 200, body = SessionGrant), Refusal)
)]
async fn finish(
    State(app): State<App>,
    client: ClientAddress,
    way: TokenWay,
    JsonBody(request): JsonBody<FinishRegistration>,
) -> Result<Granted, Refusal> {
    let member = Member { account: request.account, device: request.device };
    let (stays_signed_in, recovery_key, wished) =
        (request.stay_signed_in, request.recovery_key, request.username.clone());
    match created(&app, client, request).await {
        Ok(username) => {
            let grant = session_grants::begin(&app, member, username, stays_signed_in, FIRST_PASSWORD).await?;
            Ok(Granted { grant, way })
        }
        // What let it in may be used up by this very registration, whose answer was lost.
        Err(refusal) if matches!(refusal.0.code, ErrorCode::InvitationRefused | ErrorCode::ClaimRefused) => {
            let before = match names::username(&wished) {
                Ok(username) => app.store.password_record(&username).await?,
                Err(_) => None,
            };
            let is_repeat =
                |record: &PasswordRecord| record.account == member.account && record.recovery_key == recovery_key;
            Err(if before.is_some_and(|record| is_repeat(&record)) { name_taken(&wished) } else { refusal })
        }
        Err(refusal) => Err(refusal),
    }
}

/// Makes the account. Gives its name in its one form.
async fn created(app: &App, client: ClientAddress, request: FinishRegistration) -> Result<String, Refusal> {
    let (username, admitted) = admitted(app, client, &request.username, &request.admission).await?;
    let account = checked(app, request, &username, admitted)?;
    let creation = match admitted {
        Admitted::Invited(hash) => app.store.create_invited_account(account, hash).await?,
        Admitted::Freely | Admitted::AsSuperAdministrator => app.store.create_account(account).await?,
    };
    refuse_unless_created(creation, &username)?;
    Ok(username)
}

/// The username in its one form, if the newcomer may have an account, and one of this name.
async fn admitted(
    app: &App,
    ClientAddress(address): ClientAddress,
    username: &str,
    shown: &rest::Admission,
) -> Result<(String, Admitted), Refusal> {
    let now_ms = app.clock.now_ms();
    app.rate_limits.guess(address, now_ms).await?;
    let slot_taken = shown.claim.is_some() && app.store.super_administrator_exists().await?;
    let invitation = match shown.invitation.as_ref().map(hash_of) {
        Some(hash) if app.store.invitation_is_good(hash, now_ms).await? => Some(hash),
        _ => None,
    };
    let admitted = app.admission.check(shown, Known { slot_taken, invitation })?;
    let name_refused = |reason: String| Refusal::new(ErrorCode::NameRefused, reason);
    let username =
        names::username(username).map_err(|error| name_refused(format!("This can't be a username: {error}.")))?;
    if names::is_reserved(&username) && admitted != Admitted::AsSuperAdministrator {
        return Err(name_refused(format!(
            "The name {username} would pass for the server or its operator; choose another."
        )));
    }
    if let Some(bar) = app.store.bar_of_name(&names::skeleton(&username), now_ms).await? {
        return Err(bars::name(&bar, &username, now_ms));
    }
    Ok((username, admitted))
}

fn checked(app: &App, request: FinishRegistration, username: &str, admitted: Admitted) -> Result<NewAccount, Refusal> {
    check_stretch(app, request.stretch)?;
    let opaque = OpaqueServer::finish_registration(&request.opaque).map_err(malformed)?;
    check_key("identity key", &request.identity_key)?;
    check_key("recovery key", &request.recovery_key)?;
    let list = request.device_list.open_next(request.account, &request.identity_key, None).map_err(|error| {
        Refusal::new(ErrorCode::BadDeviceList, format!("The first device list is refused: {error}."))
    })?;
    let devices: Vec<_> = list.devices.iter().map(|listed| listed.device).collect();
    if devices != [request.device] {
        let reason = "The first device list must name the first device and no other.";
        return Err(Refusal::new(ErrorCode::BadDeviceList, reason));
    }
    check_size("The vault", &request.vault, limits::VAULT)?;
    check_size("The account state", &request.account_state, limits::ACCOUNT_STATE)?;
    if request.email.as_deref().is_some_and(|email| !is_email(email)) {
        return Err(Refusal::bad_request("This is no e-mail address; correct it, or leave it out."));
    }
    Ok(NewAccount {
        account: request.account,
        username: username.to_owned(),
        skeleton: names::skeleton(username),
        email: request.email,
        claims_super_administrator: admitted == Admitted::AsSuperAdministrator,
        opaque: Bytes(opaque),
        stretch: request.stretch,
        identity_key: request.identity_key,
        recovery_key: request.recovery_key,
        device_list: request.device_list,
        devices,
        vault: request.vault,
        account_state: request.account_state,
        created_at_ms: app.clock.now_ms(),
    })
}

fn name_taken(username: &str) -> Refusal {
    Refusal::new(ErrorCode::NameTaken, format!("The name {username} belongs to somebody; choose another."))
}

fn refuse_unless_created(creation: Creation, username: &str) -> Result<(), Refusal> {
    let (code, reason) = match creation {
        Creation::Created => return Ok(()),
        Creation::NameTaken => return Err(name_taken(username)),
        Creation::NameLooksAlike => (
            ErrorCode::NameLooksAlike,
            format!("The name {username} could be mistaken for somebody else's; choose another."),
        ),
        Creation::SlotTaken => (
            ErrorCode::ClaimRefused,
            "Somebody else has become the super-administrator; the one-time code is used up.".into(),
        ),
        Creation::NotInvited => return Err(not_invited()),
    };
    Err(Refusal::new(code, reason))
}

pub(super) fn check_key(what: &str, key: &Bytes32) -> Result<(), Refusal> {
    let good = VerifyingKey::from_bytes(&key.0).is_ok_and(|key| !key.is_weak());
    good.then_some(()).ok_or_else(|| Refusal::bad_request(format!("The {what} is no Ed25519 key.")))
}

/// Were parameters the client's to choose, those of a name would tell whether there is such a name.
pub(super) fn check_stretch(app: &App, stretch: StretchParameters) -> Result<(), Refusal> {
    let stated = stretch == app.config.stretch;
    stated.then_some(()).ok_or_else(|| Refusal::bad_request("The password must be stretched as the first step said."))
}

/// Sealed bytes must be there, and not too many.
pub(super) fn check_size(what: &str, sealed: &Bytes, most: usize) -> Result<(), Refusal> {
    match sealed.len() {
        0 => Err(Refusal::bad_request(format!("{what} is empty."))),
        bytes if bytes > most => Err(Refusal::too_large(what, bytes, most)),
        _ => Ok(()),
    }
}

/// Whether a text has the form of an e-mail address: enough to notice a typing mistake, for only a letter proves it.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let plain = |part: &str| !part.chars().any(|c| c.is_whitespace() || c.is_control() || "<>(),;:\"\\@[]".contains(c));
    let label =
        |label: &str| !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-');
    text.len() <= limits::EMAIL
        && (1..=64).contains(&local.len())
        && plain(local)
        && plain(domain)
        && domain.contains('.')
        && domain.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_email_address_has_two_halves() {
        for right in ["a@b.example", "first.last+tag@mail.b-c.example", "é@ü.example"] {
            assert!(is_email(right), "{right}");
        }
        let long = format!("{}@b.example", "a".repeat(250));
        for wrong in [
            "",
            "a",
            "@b.example",
            "a@",
            "a@b",
            "a@b..example",
            "a b@c.example",
            "a@b.example\n",
            "a@@b.example",
            "<a@b.example>",
            &long,
        ] {
            assert!(!is_email(wrong), "{wrong:?}");
        }
    }
}

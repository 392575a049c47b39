//! Another identity key in place of the one before. The ticket of a sign-in proves the password, the handover in the device
//! list proves the identity before.

use axum::Json;
use axum::extract::State;
use huis_proto::rest::{PasswordChanged, RenewIdentity};
use huis_proto::{ErrorCode, limits};
use huis_store::{EndedSessions, IdentityRenewal, NewIdentity, Numbered};

use super::conversations::finished;
use super::device_lists::{conflict, newest_list, next_list_of_any};
use super::json::JsonBody;
use super::password_changes::{came_first, cut_off, new_password, who_proved};
use super::problem::Refusal;
use super::registrations::{check_key, check_size};
use super::resources::{OpenApiRouter, routes};
use super::signed_in::SignedInDevice;
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(renew))
}

/// Renews the identity key and all that is in the same vault, where somebody else may have it. The device that asks stays
/// the only one of the account.
#[utoipa::path(
    post,
    path = "/api/v1/account/identity",
    tag = "accounts",
    request_body = RenewIdentity,
    responses((status = 200, body = PasswordChanged), Refusal)
)]
async fn renew(
    State(app): State<App>,
    asker: SignedInDevice,
    JsonBody(request): JsonBody<RenewIdentity>,
) -> Result<Json<PasswordChanged>, Refusal> {
    let RenewIdentity { ticket, opaque, stretch, device_list, recovery_key, vault, account_state } = request;
    let (ticket, account) = who_proved(&app, asker.member.account, ticket.expose()).await?;
    if ticket.device_list_number != account.device_list_number {
        return Err(conflict(account.device_list_number));
    }
    let list = next_list_of_any(&account, &device_list)?;
    let refused = |reason| Refusal::new(ErrorCode::BadDeviceList, reason);
    if list.identity == account.identity_key {
        return Err(refused("The device list names the identity key that is there already."));
    }
    let before = newest_list(&account)?;
    let [only] = &list.devices[..] else {
        return Err(refused("The device list must name the device that asks and no other."));
    };
    if only.device != asker.member.device || before.device(only.device).is_none() {
        return Err(refused("The device list must name the device that asks and no other."));
    }
    check_key("identity key", &list.identity)?;
    check_key("recovery key", &recovery_key)?;
    check_size("The account state", &account_state.sealed, limits::ACCOUNT_STATE)?;
    if account_state.replaces.is_some() {
        return Err(Refusal::bad_request("The account state must follow the one that is there."));
    }
    let ends = EndedSessions::AllBut(asker.session);
    let password = new_password(&app, account.account, account.password_number, &opaque, stretch, vault, ends)?;
    let new = NewIdentity {
        password,
        identity_key: list.identity,
        recovery_key,
        device_list_number: list.number,
        device_list,
        devices: vec![only.device],
        account_state: Numbered { number: account_state.version, sealed: account_state.sealed },
    };
    // What ended in the store is cut off here, also if the client goes away meanwhile.
    let renewed = async move {
        match app.store.renew_identity(new).await.map_err(|error| Refusal::from(error).0)? {
            IdentityRenewal::Stored(ended) => {
                let changed = cut_off(&app, &ended);
                app.hub.device_list_changed(account.account, list.number);
                tracing::info!("an account has a new identity key");
                Ok(changed)
            }
            IdentityRenewal::OtherList(newest) => Err(conflict(newest).0),
            IdentityRenewal::Conflict => Err(came_first().0),
        }
    };
    finished(renewed).await
}

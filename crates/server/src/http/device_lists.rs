//! The signed lists of accounts' devices.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use huis_proto::device_list::{DeviceList, DeviceListError, SignedDeviceList};
use huis_proto::rest::{DeviceLists, PutDeviceList};
use huis_proto::{AccountId, ErrorCode};
use huis_store::{Account, Swap};
use serde::Deserialize;
use utoipa::IntoParams;

use super::json::{JsonBody, UrlPath, UrlQuery};
use super::problem::Refusal;
use super::resources::{OpenApiRouter, routes};
use super::signed_in::SignedInDevice;
use crate::state::App;

/// The most lists in one answer.
const LISTS: usize = 100;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct After {
    /// Lists behind this number; 0 if left out.
    #[serde(default)]
    after: u64,
}

pub(super) fn routes() -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(device_lists)).routes(routes!(put_device_list))
}

/// An account's device lists behind a number, oldest first, at most 100.
#[utoipa::path(
    get,
    path = "/api/v1/accounts/{account}/device-lists",
    tag = "accounts",
    params(("account" = AccountId, Path), After),
    responses((status = 200, body = DeviceLists), Refusal)
)]
async fn device_lists(
    State(app): State<App>,
    asker: SignedInDevice,
    UrlPath(account): UrlPath<AccountId>,
    UrlQuery(After { after }): UrlQuery<After>,
) -> Result<Json<DeviceLists>, Refusal> {
    app.rate_limits.lookup(asker.member.account, app.clock.now_ms()).await?;
    let lists = app.store.device_lists(account, after, LISTS).await?;
    if lists.is_empty() && app.store.account(account).await?.is_none() {
        return Err(Refusal::not_found("There is no such account."));
    }
    Ok(Json(DeviceLists { lists }))
}

/// Adds or revokes devices. Sessions of devices that are gone end at once.
#[utoipa::path(
    put,
    path = "/api/v1/account/device-list",
    tag = "accounts",
    request_body = PutDeviceList,
    responses((status = 204), Refusal)
)]
async fn put_device_list(
    State(app): State<App>,
    asker: SignedInDevice,
    JsonBody(PutDeviceList { device_list }): JsonBody<PutDeviceList>,
) -> Result<StatusCode, Refusal> {
    let account = own_account(&app, asker.member.account).await?;
    if device_list == account.device_list {
        // The answer to the first try was lost.
        return Ok(StatusCode::NO_CONTENT);
    }
    let list = next_list(&account, &device_list)?;
    publish(&app, &account, &list, device_list).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The account of somebody who is signed in, or holds a ticket.
pub(super) async fn own_account(app: &App, account: AccountId) -> Result<Account, Refusal> {
    app.store.account(account).await?.ok_or_else(Refusal::session_ended)
}

/// The list inside, if it may follow the account's newest one under the same identity key.
pub(super) fn next_list(account: &Account, signed: &SignedDeviceList) -> Result<DeviceList, Refusal> {
    let list = next_list_of_any(account, signed)?;
    if list.identity == account.identity_key {
        return Ok(list);
    }
    let reason =
        "The device list hands the account over to another identity key; that is done by a renewal of it alone.";
    Err(Refusal::new(ErrorCode::BadDeviceList, reason))
}

/// The list inside, if it may follow the account's newest one, also by a handover to another identity key.
pub(super) fn next_list_of_any(account: &Account, signed: &SignedDeviceList) -> Result<DeviceList, Refusal> {
    let known = (account.device_list_number, account.device_list.hash());
    let list = signed.open_next(account.account, &account.identity_key, Some(known)).map_err(|error| match error {
        DeviceListError::Chain { .. } => conflict(account.device_list_number),
        error => Refusal::new(ErrorCode::BadDeviceList, format!("The device list is refused: {error}.")),
    })?;
    let before = newest_list(account)?;
    let other_key = before
        .devices
        .iter()
        .find(|old| list.device(old.device).is_some_and(|listed| listed.signature_key != old.signature_key));
    if let Some(device) = other_key {
        let reason = format!("Device {} has another key in this list; a device keeps its key.", device.device);
        return Err(Refusal::new(ErrorCode::BadDeviceList, reason));
    }
    Ok(list)
}

/// The account's newest list, which was checked when it was stored.
pub(super) fn newest_list(account: &Account) -> Result<DeviceList, Refusal> {
    account.device_list.open(account.account, &account.identity_key).map_err(|error| {
        tracing::error!(%error, "a stored device list can't be read");
        Refusal::internal()
    })
}

/// Stores a list that [`next_list`] gave, ends the sessions of devices that are gone, and tells the others.
pub(super) async fn publish(
    app: &App,
    account: &Account,
    list: &DeviceList,
    signed: SignedDeviceList,
) -> Result<(), Refusal> {
    let devices = list.devices.iter().map(|listed| listed.device).collect();
    let sessions = app.store.sessions(account.account).await?;
    match app.store.put_device_list(account.account, list.number, signed, devices).await? {
        Swap::Stored => {}
        Swap::Conflict(newest) => return Err(conflict(newest)),
    }
    for session in sessions.iter().filter(|session| list.device(session.device).is_none()) {
        app.hub.session_ended(session.session);
    }
    app.hub.device_list_changed(account.account, list.number);
    Ok(())
}

pub(super) fn conflict(newest: u64) -> Refusal {
    Refusal::new(
        ErrorCode::DeviceListConflict,
        format!("Another device list came first; the newest is number {newest}. Build on that one."),
    )
}

//! How a device gets a session with the ticket of a sign-in: as a new device, or as one that resumes.

use axum::extract::State;
use huis_proto::rest::{EnrolDevice, SessionGrant};
use huis_proto::{ErrorCode, Member, labels, limits};

use super::device_lists::{newest_list, next_list, publish};
use super::json::JsonBody;
use super::problem::Refusal;
use super::resources::{OpenApiRouter, routes};
use super::session_grants;
use super::tickets::Ticket;
use super::token_cookie::{Granted, TokenWay};
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(enrol))
}

/// Enrols a new device by the device list that adds it, or resumes one that is listed.
#[utoipa::path(
    post,
    path = "/api/v1/devices", security(()),
    tag = "sign-in",
    request_body = EnrolDevice,
    responses((status = 200, body = SessionGrant), Refusal)
)]
async fn enrol(
    State(app): State<App>,
    way: TokenWay,
    JsonBody(request): JsonBody<EnrolDevice>,
) -> Result<Granted, Refusal> {
    let (ticket, account) = Ticket::open(&app, request.ticket.expose()).await?;
    // Lists that are stored already were sent before, and the answer was lost.
    let mut fresh = request.device_lists;
    if let Some(stored) = fresh.iter().position(|signed| *signed == account.device_list) {
        fresh.drain(..=stored);
    }
    if fresh.len() > limits::LISTS_AT_ONCE {
        return Err(Refusal::new(
            ErrorCode::LimitReached,
            format!("At most {} device lists are taken at once.", limits::LISTS_AT_ONCE),
        ));
    }
    if !fresh.is_empty() && ticket.device_list_number != account.device_list_number {
        return Err(Refusal::new(
            ErrorCode::DeviceListConflict,
            "The account's devices have changed since this sign-in, whose ticket serves for one change; sign in again.",
        ));
    }
    // All are checked before the first is stored.
    let (mut newest, mut steps) = (account.clone(), Vec::with_capacity(fresh.len()));
    for signed in fresh {
        let list = next_list(&newest, &signed)?;
        let before = newest.clone();
        (newest.device_list_number, newest.device_list) = (list.number, signed.clone());
        steps.push((before, list, signed));
    }
    let list = newest_list(&newest)?;
    let listed = list
        .device(request.device)
        .ok_or_else(|| Refusal::new(ErrorCode::BadDeviceList, "The device does not stand in the device list."))?;
    labels::verify(&listed.signature_key, labels::SESSION, request.ticket.expose().as_bytes(), &request.proof)
        .map_err(|_| Refusal::proof("The proof is not the listed device's signature over the ticket."))?;
    for (before, list, signed) in steps {
        publish(&app, &before, &list, signed).await?;
    }
    let member = Member { account: account.account, device: request.device };
    let stays = request.stay_signed_in;
    let grant = session_grants::begin(&app, member, account.username, stays, ticket.password_number).await?;
    Ok(Granted { grant, way })
}

//! How a device gets a session with the ticket of a sign-in: as a new device, or as one that resumes.

use axum::Json;
use axum::extract::State;
use huis_proto::rest::{EnrolDevice, SessionGrant};
use huis_proto::{ErrorCode, Member, labels};

use super::device_lists::{newest_list, next_list, publish};
use super::json::JsonBody;
use super::problem::Refusal;
use super::resources::{OpenApiRouter, routes};
use super::session_grants;
use super::tickets::Ticket;
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
    JsonBody(request): JsonBody<EnrolDevice>,
) -> Result<Json<SessionGrant>, Refusal> {
    let (ticket, account) = Ticket::open(&app, request.ticket.expose()).await?;
    // A list that is stored already was sent before, and its answer was lost.
    let fresh = request.device_list.filter(|signed| *signed != account.device_list);
    let list = match &fresh {
        Some(signed) if ticket.device_list_number == account.device_list_number => next_list(&account, signed)?,
        Some(_) => {
            return Err(Refusal::new(
                ErrorCode::DeviceListConflict,
                "The account's devices have changed since this sign-in, whose ticket serves for one change; sign in again.",
            ));
        }
        None => newest_list(&account)?,
    };
    let listed = list
        .device(request.device)
        .ok_or_else(|| Refusal::new(ErrorCode::BadDeviceList, "The device does not stand in the device list."))?;
    labels::verify(&listed.signature_key, labels::SESSION, request.ticket.expose().as_bytes(), &request.proof)
        .map_err(|_| Refusal::proof("The proof is not the listed device's signature over the ticket."))?;
    if let Some(signed) = fresh {
        publish(&app, &account, &list, signed).await?;
    }
    let member = Member { account: account.account, device: request.device };
    let grant = session_grants::begin(&app, member, account.username, request.stay_signed_in).await?;
    Ok(Json(grant))
}

//! Where a device is woken by pushes.

use axum::extract::State;
use http::StatusCode;
use huis_proto::rest::PushSubscription;

use super::json::JsonBody;
use super::problem::Refusal;
use super::resources::{OpenApiRouter, routes};
use super::signed_in::SignedInDevice;
use crate::push::{Recipient, checked};
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(put, remove))
}

/// Wakes the device by a push when there is something for it and it is not connected, at most once in ten minutes until it
/// connects again. In place of the subscription before; it ends with the session.
#[utoipa::path(
    put,
    path = "/api/v1/push-subscription",
    tag = "sessions",
    request_body = PushSubscription,
    responses((status = 204), Refusal)
)]
async fn put(
    State(app): State<App>,
    asker: SignedInDevice,
    JsonBody(subscription): JsonBody<PushSubscription>,
) -> Result<StatusCode, Refusal> {
    if app.push.key().is_none() {
        return Err(Refusal::not_found("This server sends no pushes."));
    }
    checked(&subscription.endpoint, app.push.endpoints).map_err(Refusal::bad_request)?;
    Recipient::of(&subscription).map_err(|error| Refusal::bad_request(format!("This can't be used: {error}.")))?;
    if !app.store.put_push_subscription(asker.session, subscription).await? {
        return Err(Refusal::session_ended());
    }
    app.push.want();
    if !app.hub.is_connected(asker.session) {
        app.push.went(asker.session, None);
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Wakes the device no more.
#[utoipa::path(delete, path = "/api/v1/push-subscription", tag = "sessions", responses((status = 204), Refusal))]
async fn remove(State(app): State<App>, asker: SignedInDevice) -> Result<StatusCode, Refusal> {
    app.store.remove_push_subscription(asker.session).await?;
    Ok(StatusCode::NO_CONTENT)
}

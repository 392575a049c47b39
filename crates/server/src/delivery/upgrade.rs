//! `GET /api/v1/ws`: from a request to a WebSocket (RFC 6455, section 4.2).

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use huis_proto::frames::SUBPROTOCOL;
use huis_proto::limits;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::connection::{self, Socket};
use super::hub::Place;
use crate::http::ClientAddress;
use crate::http::problem::Refusal;
use crate::http::resources::{OpenApiRouter, routes};
use crate::http::signed_in::SignedInDevice;
use crate::state::App;

/// The library keeps a read buffer of this size for each connection; what is longer is read in several turns.
const READ_BUFFER: usize = 3 * 1024;

/// The routes of delivery.
pub(crate) fn routes() -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(connect))
}

/// Connects for delivery.
///
/// A WebSocket with the subprotocol `huis.v1`; its binary messages are CBOR sequences of frames. A device has one
/// connection: a second one closes the first with 4003.
#[utoipa::path(
    get,
    path = "/api/v1/ws",
    tag = "delivery",
    params(("Sec-WebSocket-Protocol" = String, Header, description = "must name `huis.v1`")),
    responses(
        (status = 101, description = "The connection is a WebSocket."),
        Refusal
    ),
)]
async fn connect(
    State(app): State<App>,
    device: SignedInDevice,
    ClientAddress(address): ClientAddress,
    mut request: Request,
) -> Result<Response, Refusal> {
    let accept = accepted_key(request.headers())?;
    let upgrade = request
        .extensions_mut()
        .remove::<OnUpgrade>()
        .ok_or_else(|| Refusal::bad_request("This connection can't become a WebSocket."))?;
    let place = app
        .hub
        .connect(device.member, device.session, address)
        .map_err(|_| Refusal::unavailable("The server is stopping; come back in a moment.", 5))?;
    tokio::spawn(upgraded(app, device, place, upgrade));

    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    Ok(response)
}

async fn upgraded(app: App, device: SignedInDevice, place: Place, upgrade: OnUpgrade) {
    // Boxed, so that what this needs does not stay with the connection.
    if let Some(socket) = Box::pin(web_socket(upgrade)).await {
        connection::serve(app, device.member, device.session, place, socket).await;
    }
}

async fn web_socket(upgrade: OnUpgrade) -> Option<Socket> {
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_message_size(Some(limits::CLIENT_WEBSOCKET_MESSAGE))
        .max_frame_size(Some(limits::CLIENT_WEBSOCKET_MESSAGE));
    let io = TokioIo::new(upgrade.await.ok()?);
    Some(WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await)
}

/// Checks the handshake and gives the key that answers it.
fn accepted_key(headers: &HeaderMap) -> Result<HeaderValue, Refusal> {
    if !names(headers, &CONNECTION, "upgrade") || !names(headers, &UPGRADE, "websocket") {
        return Err(Refusal::bad_request("This address is a WebSocket; connect to it with a WebSocket client."));
    }
    if !names(headers, &SEC_WEBSOCKET_VERSION, "13") {
        return Err(Refusal::bad_request("This server speaks version 13 of WebSocket alone."));
    }
    if !names(headers, &SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL) {
        return Err(Refusal::bad_request(format!(
            "The WebSocket's subprotocol must be {SUBPROTOCOL}; a newer client may speak others, this server does not."
        )));
    }
    let key = headers
        .get(SEC_WEBSOCKET_KEY)
        .ok_or_else(|| Refusal::bad_request("The header Sec-WebSocket-Key is missing."))?;
    HeaderValue::from_str(&derive_accept_key(key.as_bytes()))
        .map_err(|_| Refusal::bad_request("The header Sec-WebSocket-Key can't be answered."))
}

/// Whether a header that is a list names `value`, in any letter case.
fn names(headers: &HeaderMap, name: &HeaderName, value: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(','))
        .any(|found| found.trim().eq_ignore_ascii_case(value))
}

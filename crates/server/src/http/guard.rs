//! What stands around every request: the client's address, the general rate limit, time and memory bounds, panics,
//! the request log, and the headers that every answer carries.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use http::header::{CACHE_CONTROL, HeaderName, STRICT_TRANSPORT_SECURITY};
use http::{HeaderMap, HeaderValue, Method};
use tokio::time::{Instant, timeout};

use super::address::{ClientAddress, Peer};
use super::bars;
use super::bodies::counted;
use super::problem::Refusal;
use super::versions;
use crate::config::Tls;
use crate::state::App;

/// A request that is not answered by then is given up; long enough for a large commit over a slow line.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// The same for a part of a file, which may be as large as [`limits::FILE_REQUEST`].
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(300);

/// Headers of every answer. The policy allows nothing: the pages that the server itself writes state their own.
const HEADERS: [(HeaderName, HeaderValue); 7] = [
    (
        HeaderName::from_static("content-security-policy"),
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    ),
    (HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff")),
    (HeaderName::from_static("x-frame-options"), HeaderValue::from_static("DENY")),
    (HeaderName::from_static("referrer-policy"), HeaderValue::from_static("no-referrer")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=()"),
    ),
];

pub(super) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    // The pattern, never the path itself: paths hold names.
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    let peer = request.extensions().get::<Peer>().copied();
    let client = peer.map(|Peer(peer)| ClientAddress::find(peer.ip(), request.headers(), &app.config.trusted_proxies));
    let mut response = match client {
        Some(client) => answered(&app, client, route, request, next).await.unwrap_or_else(Refusal::into_response),
        None => {
            tracing::error!("a request without an address: the accept loop must add it");
            Refusal::internal().into_response()
        }
    };
    add_headers(&app, response.headers_mut());
    response.headers_mut().extend(super::files::header(route, &method));
    let address = client.filter(|_| app.config.log_addresses);
    note(&method, route, &response, began.elapsed(), address);
    response
}

async fn answered(
    app: &App,
    client: ClientAddress,
    route: &str,
    mut request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    if let Some(bar) = app.bans.of(client.0) {
        return Err(bars::address(&bar, app.clock.now_ms()));
    }
    app.rate_limits.request(client.0, app.clock.now_ms()).await?;
    versions::check(app.config.minimum_client, &request)?;
    request.extensions_mut().insert(client);
    let is_part = super::files::takes_parts(route, request.method());
    let (budget, patience) = if is_part { (&app.parts, UPLOAD_TIMEOUT) } else { (&app.bodies, REQUEST_TIMEOUT) };
    let tally = budget.tally();
    let request = request.map(|body| counted(body, tally.clone()));
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
    match timeout(patience, answer).await {
        Ok(Ok(_)) if tally.was_exceeded() => {
            Err(Refusal::unavailable("The server has no memory left for this request; come back in a moment.", 1))
        }
        Ok(Ok(response)) => Ok(response),
        Ok(Err(_)) => {
            // The panic hook has written where; what it was about may hold data of users.
            tracing::error!("a request handler panicked");
            Err(Refusal::internal())
        }
        Err(_) => Err(Refusal::unavailable("This took too long; come back in a moment.", 1)),
    }
}

fn add_headers(app: &App, headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(value);
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if matches!(app.config.tls, Tls::Files { .. }) {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
}

fn note(method: &Method, route: &str, response: &Response, took: Duration, address: Option<ClientAddress>) {
    let status = response.status();
    let class = match status.as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    };
    metrics::counter!("huis_http_requests_total", "route" => route.to_owned(), "status" => class).increment(1);
    metrics::histogram!("huis_http_request_seconds").record(took.as_secs_f64());
    let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    match address {
        Some(ClientAddress(address)) => {
            tracing::debug!(%method, route, status = status.as_u16(), took_ms, %address, "answered");
        }
        None => tracing::debug!(%method, route, status = status.as_u16(), took_ms, "answered"),
    }
}

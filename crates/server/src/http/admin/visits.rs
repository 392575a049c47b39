//! Visits to the administration pages: a browser comes in by a code that a signed-in device asked for, and is known by a
//! cookie from then on. The pages hold no password, no key and no access token.
//!
//! A visit ends with the session that asked for it, and with the role that its account had.

use axum::Json;
use axum::extract::State;
use axum::response::{AppendHeaders, IntoResponse as _, Response};
use http::header::SET_COOKIE;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};
use huis_proto::rest::{EnterVisit, OwnPlace, Secret, VisitCode};
use huis_proto::versions::{CLIENT_HEADER, states_admin_pages};
use huis_proto::{AccountId, Bytes32, ErrorCode, SessionId, limits};
use huis_store::{AdminVisit, NewVisitCode, Noted};

use super::actions::Action;
use super::{Allowed, finished};
use crate::http::address::ClientAddress;
use crate::http::json::JsonBody;
use crate::http::own_page::comes_from_own_page;
use crate::http::problem::Refusal;
use crate::http::resources::{OpenApiRouter, routes};
use crate::http::session_grants::{RefreshToken, hash_of};
use crate::http::token_cookie::{named, not_our_page};
use crate::state::App;

/// The cookie's name (RFC 6265bis, section 4.1.3.1: the prefix binds it to HTTPS; the other one would ask for every path).
const NAME: &str = "__Secure-huis-admin";
/// No script and no other site's page gets it, and nothing but administration.
const ATTRIBUTES: &str = "Path=/api/v1/admin; Secure; HttpOnly; SameSite=Strict";
/// What the cookie counts for.
const PLACE: &str = "/api/v1/admin/";
/// That a visit is used is noted once in so many milliseconds.
const NOTED_EVERY_MS: u64 = 60_000;

pub(super) fn routes() -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(show_self)).routes(routes!(admit)).routes(routes!(enter, leave))
}

/// A visit that has not ended, by which a request comes.
pub(super) struct Visit {
    pub(super) account: AccountId,
    pub(super) session: SessionId,
    pub(super) ends_at_ms: u64,
    token: Bytes32,
}

impl Visit {
    /// The visit of a request that states the administration pages. A browser adds the cookie to what other sites' pages
    /// ask too; but they can state no client, and [`comes_from_own_page`] says where a request comes from.
    pub(super) async fn of(parts: &Parts, app: &App) -> Result<Option<Self>, Refusal> {
        let is_stated = |header: &HeaderValue| header.to_str().is_ok_and(states_admin_pages);
        if !parts.headers.get(CLIENT_HEADER).is_some_and(is_stated) || !parts.uri.path().starts_with(PLACE) {
            return Ok(None);
        }
        refuse_other_pages(&parts.headers, app)?;
        let token = named(&parts.headers, NAME).ok_or_else(over)?;
        let token = hash_of(&Secret::new(token));
        let visit = app.store.admin_visit(token).await?.ok_or_else(over)?;
        let now_ms = app.clock.now_ms();
        let session = app.store.session(visit.session).await?;
        let account = match session {
            Some(session) => app.store.account(session.account).await?,
            None => None,
        };
        let account = account.filter(|account| account.role == visit.role && now_ms < ends_at_ms(&visit));
        let Some(account) = account else {
            app.store.end_admin_visit(token).await?;
            return Err(over());
        };
        if now_ms.saturating_sub(visit.used_at_ms) >= NOTED_EVERY_MS {
            app.store.note_admin_visit(token, now_ms).await?;
        }
        let ends_at_ms = longest(&visit);
        Ok(Some(Self { account: account.account, session: visit.session, ends_at_ms, token }))
    }
}

/// Who asks, and what role they have.
#[utoipa::path(
    get,
    path = "/api/v1/admin/self",
    tag = "administration",
    responses((status = 200, body = OwnPlace), Refusal)
)]
async fn show_self(asker: Allowed<{ Action::ShowSelf as usize }>) -> Json<OwnPlace> {
    Json(OwnPlace {
        username: asker.username,
        role: asker.role,
        address: asker.address.0.to_string(),
        visit_ends_at_ms: asker.visit_ends_at_ms,
    })
}

/// Makes a code that lets a browser onto the administration pages, once and within a minute. It replaces the session's code
/// or visit before.
#[utoipa::path(
    post,
    path = "/api/v1/admin/visits/code",
    tag = "administration",
    responses((status = 200, body = VisitCode), Refusal)
)]
async fn admit(
    State(app): State<App>,
    asker: Allowed<{ Action::AdmitVisit as usize }>,
) -> Result<Json<VisitCode>, Refusal> {
    if asker.visit_ends_at_ms.is_some() {
        // Else a stolen cookie would last as long as somebody likes.
        return Err(Refusal::forbidden("A code is given to a signed-in device, and not to the administration pages."));
    }
    let act = async move {
        let now_ms = app.clock.now_ms();
        let noted = app.store.note(asker.act(now_ms), Noted::default()).await?;
        asker.done(noted, String::new)?;
        let code = RefreshToken::random();
        let new = NewVisitCode { session: asker.session, hash: code.hash(), role: asker.role, at_ms: now_ms };
        match app.store.put_visit_code(new).await? {
            true => Ok(VisitCode { code: code.into_secret() }),
            false => Err(Refusal::session_ended()),
        }
    };
    finished(act).await.map(Json)
}

/// Trades a code for the cookie by which the administration pages are known.
#[utoipa::path(
    post,
    path = "/api/v1/admin/visits", security(()),
    tag = "administration",
    request_body = EnterVisit,
    responses((status = 204), Refusal)
)]
async fn enter(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    JsonBody(request): JsonBody<EnterVisit>,
) -> Result<Response, Refusal> {
    refuse_other_pages(&headers, &app)?;
    let now_ms = app.clock.now_ms();
    let (code, token) = (hash_of(&request.code), RefreshToken::random());
    let earliest_ms = now_ms.saturating_sub(ms(limits::VISIT_CODE));
    if app.store.enter(code, token.hash(), earliest_ms, now_ms).await?.is_none() {
        // Codes have 256 bits, but whoever tries many is up to no good.
        app.rate_limits.guess(address, now_ms).await?;
        return Err(Refusal::proof("This code was used already, or is older than a minute; open the pages anew."));
    }
    answered(token.into_secret().expose(), limits::VISIT.as_secs())
}

/// Ends the visit.
#[utoipa::path(
    delete,
    path = "/api/v1/admin/visits",
    tag = "administration",
    responses((status = 204), Refusal)
)]
async fn leave(State(app): State<App>, request: axum::extract::Request) -> Result<Response, Refusal> {
    let (parts, _) = request.into_parts();
    let visit = Visit::of(&parts, &app).await?.ok_or_else(over)?;
    app.store.end_admin_visit(visit.token).await?;
    answered("", 0)
}

fn answered(value: &str, seconds: u64) -> Result<Response, Refusal> {
    let cookie = HeaderValue::from_str(&format!("{NAME}={value}; Max-Age={seconds}; {ATTRIBUTES}"));
    let mut cookie = cookie.map_err(|_| Refusal::internal())?;
    cookie.set_sensitive(true);
    Ok((StatusCode::NO_CONTENT, AppendHeaders([(SET_COOKIE, cookie)])).into_response())
}

fn refuse_other_pages(headers: &HeaderMap, app: &App) -> Result<(), Refusal> {
    let is_stated = headers.get(CLIENT_HEADER).and_then(|header| header.to_str().ok()).is_some_and(states_admin_pages);
    if is_stated && comes_from_own_page(headers, app.config.public_url.as_deref()) {
        Ok(())
    } else {
        Err(not_our_page())
    }
}

/// When a visit ends that is not used any more.
fn ends_at_ms(visit: &AdminVisit) -> u64 {
    visit.used_at_ms.saturating_add(ms(limits::VISIT_IDLE)).min(longest(visit))
}

fn longest(visit: &AdminVisit) -> u64 {
    visit.began_at_ms.saturating_add(ms(limits::VISIT))
}

fn ms(span: std::time::Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn over() -> Refusal {
    Refusal::new(ErrorCode::SessionEnded, "This visit has ended; open the administration pages anew.")
}

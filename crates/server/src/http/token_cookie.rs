//! The web app's access token, in a cookie that no script can read.

use axum::Json;
use axum::extract::FromRequestParts;
use axum::response::{AppendHeaders, IntoResponse, Response};
use http::header::{COOKIE, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use huis_proto::limits;
use huis_proto::rest::{IN_COOKIE, Secret, SessionGrant};
use huis_proto::versions::{CLIENT_HEADER, states_web_app};

use super::own_page::comes_from_own_page;
use super::problem::Refusal;
use crate::state::App;

/// The cookie's name (RFC 6265bis, section 4.1.3.2: the prefix binds it to this host and to HTTPS).
const NAME: &str = "__Host-huis";
/// What a cookie of that name must say, and that no script and no other site's page gets it.
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Strict";

/// How a client is given its access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenWay {
    /// In the answer's body.
    Body,
    /// In a cookie: the web app's way.
    Cookie,
}

/// A session's tokens on their way to the client.
pub(super) struct Granted {
    pub(super) grant: SessionGrant,
    pub(super) way: TokenWay,
}

impl FromRequestParts<App> for TokenWay {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        if !is_web_app(&parts.headers) {
            return Ok(Self::Body);
        }
        if comes_from_own_page(&parts.headers, app.config.public_url.as_deref()) {
            Ok(Self::Cookie)
        } else {
            Err(not_our_page())
        }
    }
}

impl IntoResponse for Granted {
    fn into_response(self) -> Response {
        let Self { mut grant, way } = self;
        if way == TokenWay::Body {
            return Json(grant).into_response();
        }
        let token = std::mem::replace(&mut grant.access_token, Secret::new(IN_COOKIE));
        match cookie(token.expose(), limits::ACCESS_TOKEN.as_secs()) {
            Some(cookie) => (AppendHeaders([(SET_COOKIE, cookie)]), Json(grant)).into_response(),
            None => {
                tracing::error!("an access token can't stand in a header");
                Refusal::internal().into_response()
            }
        }
    }
}

/// Whether the client says that it is the web app.
pub(super) fn is_web_app(headers: &HeaderMap) -> bool {
    headers.get(CLIENT_HEADER).and_then(|header| header.to_str().ok()).is_some_and(states_web_app)
}

/// The token that a request brings in the cookie.
pub(super) fn token(headers: &HeaderMap) -> Option<&str> {
    named(headers, NAME)
}

/// The value of the cookie of this name; an empty one is none.
pub(super) fn named<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(found, value)| (found == name && !value.is_empty()).then_some(value))
}

/// Takes the cookie away, with a session that ended.
pub(super) fn take_away(headers: &mut HeaderMap) {
    headers.extend(cookie("", 0).map(|cookie| (SET_COOKIE, cookie)));
}

pub(super) fn not_our_page() -> Refusal {
    Refusal::forbidden(
        "This request comes from another site's page, or from this server's page without HTTPS; open the server by HTTPS.",
    )
}

fn cookie(value: &str, seconds: u64) -> Option<HeaderValue> {
    let mut header = HeaderValue::from_str(&format!("{NAME}={value}; Max-Age={seconds}; {ATTRIBUTES}")).ok()?;
    header.set_sensitive(true);
    Some(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_found_among_others() {
        let found = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.append(COOKIE, HeaderValue::from_static("first=1"));
            headers.append(COOKIE, HeaderValue::from_static(text));
            token(&headers).map(str::to_owned)
        };
        assert_eq!(found("a=b; __Host-huis=abc.d=; c=d").as_deref(), Some("abc.d="));
        for other in ["", "__Host-huis", "__Host-huis=", "__host-huis=abc", "x__Host-huis=abc", "__Host-huis2=abc"] {
            assert_eq!(found(other), None, "{other}");
        }
    }

    #[test]
    fn debug_of_the_cookie_shows_no_token() {
        let header = cookie("secret", 900).unwrap();
        assert!(!format!("{header:?}").contains("secret"));
    }
}

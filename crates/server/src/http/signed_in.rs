//! Who asks: the signed-in device behind an access token.

use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN};
use http::request::Parts;
use huis_proto::{ErrorCode, Member, SessionId};

use super::problem::Refusal;
use crate::access_tokens::TokenError;
use crate::state::App;

/// The web app's cookie (RFC 6265bis, section 4.1.3.2: the prefix binds it to this host and to HTTPS).
const COOKIE_NAME: &str = "__Host-huis";

/// A device whose access token is valid and whose session has not ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SignedInDevice {
    pub member: Member,
    pub session: SessionId,
}

impl FromRequestParts<App> for SignedInDevice {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let token = access_token(&parts.headers, app.config.public_url.as_deref())?;
        let claims = app.tokens.verify(token, app.clock.now_ms()).map_err(|error| match error {
            TokenError::Expired => {
                Refusal::new(ErrorCode::TokenExpired, "The access token has expired; refresh the session.")
            }
            TokenError::NotOurs => {
                Refusal::not_signed_in("The access token was not made by this server; sign in again.")
            }
        })?;
        let session = app.store.session(claims.session).await?;
        match session {
            Some(session) if session.account == claims.member.account && session.device == claims.member.device => {
                Ok(Self { member: claims.member, session: claims.session })
            }
            _ => Err(Refusal::session_ended()),
        }
    }
}

fn access_token<'a>(headers: &'a HeaderMap, public_url: Option<&str>) -> Result<&'a str, Refusal> {
    if let Some(header) = headers.get(AUTHORIZATION) {
        return header
            .to_str()
            .ok()
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
            .ok_or_else(|| Refusal::not_signed_in("The Authorization header holds no bearer token."));
    }
    let token = cookie(headers, COOKIE_NAME)
        .ok_or_else(|| Refusal::not_signed_in("This needs an access token; sign in first."))?;
    if comes_from_own_page(headers, public_url) {
        Ok(token)
    } else {
        Err(Refusal::forbidden("This request comes from another site's page."))
    }
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(found, value)| (found == name).then_some(value))
}

/// A browser sends cookies along with requests that other sites' pages make. Fetch Metadata says where a request comes
/// from; for browsers without it, the `Origin` must be ours. A request with neither is refused.
fn comes_from_own_page(headers: &HeaderMap, public_url: Option<&str>) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin";
    }
    let Some(origin) = headers.get(ORIGIN).and_then(|origin| origin.to_str().ok()) else {
        return false;
    };
    if let Some(url) = public_url {
        return origin == url.trim_end_matches('/');
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    // The cookie's prefix demands HTTPS, so no other scheme can be ours.
    host.is_some_and(|host| origin.strip_prefix("https://") == Some(host))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn a_bearer_token_is_taken_whatever_page_it_comes_from() {
        let request = headers(&[("authorization", "bearer abc"), ("sec-fetch-site", "cross-site")]);
        assert_eq!(access_token(&request, None), Ok("abc"));
        let other_scheme = headers(&[("authorization", "Basic abc"), ("cookie", "__Host-huis=abc")]);
        assert!(access_token(&other_scheme, None).is_err());
    }

    #[test]
    fn a_cookie_counts_only_from_the_servers_own_pages() {
        let cookie = ("cookie", "a=b; __Host-huis=abc");
        let own = headers(&[cookie, ("sec-fetch-site", "same-origin")]);
        assert_eq!(access_token(&own, None), Ok("abc"));
        for stranger in [
            headers(&[cookie]),
            headers(&[cookie, ("sec-fetch-site", "cross-site")]),
            headers(&[cookie, ("sec-fetch-site", "same-site")]),
            headers(&[cookie, ("sec-fetch-site", "none")]),
            headers(&[cookie, ("origin", "https://evil.example"), ("host", "chat.example")]),
            headers(&[cookie, ("origin", "http://chat.example"), ("host", "chat.example")]),
        ] {
            let refused = access_token(&stranger, None).map_err(|refusal| refusal.0.code);
            assert_eq!(refused, Err(ErrorCode::Forbidden), "{stranger:?}");
        }
        let by_origin = headers(&[cookie, ("origin", "https://chat.example"), ("host", "inner:8080")]);
        assert_eq!(access_token(&by_origin, Some("https://chat.example/")), Ok("abc"));
    }
}

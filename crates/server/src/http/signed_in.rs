//! Who asks: the signed-in device behind an access token.

use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;
use huis_proto::{ErrorCode, Member, SessionId};

use super::own_page::comes_from_own_page;
use super::problem::Refusal;
use super::token_cookie;
use crate::access_tokens::TokenError;
use crate::state::App;

/// A device whose access token is valid and whose session has not ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SignedInDevice {
    pub member: Member,
    pub session: SessionId,
    /// Whether the token came in the web app's cookie.
    pub by_cookie: bool,
}

/// An access token as a request brings it.
#[derive(Debug, PartialEq, Eq)]
struct Brought<'a> {
    token: &'a str,
    by_cookie: bool,
}

impl FromRequestParts<App> for SignedInDevice {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let Brought { token, by_cookie } = access_token(&parts.headers, app.config.public_url.as_deref())?;
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
                Ok(Self { member: claims.member, session: claims.session, by_cookie })
            }
            _ => Err(Refusal::session_ended()),
        }
    }
}

/// A bearer token counts before a cookie: a browser adds it to nothing by itself.
fn access_token<'a>(headers: &'a HeaderMap, public_url: Option<&str>) -> Result<Brought<'a>, Refusal> {
    if let Some(header) = headers.get(AUTHORIZATION) {
        return header
            .to_str()
            .ok()
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| Brought { token: token.trim(), by_cookie: false })
            .ok_or_else(|| Refusal::not_signed_in("The Authorization header holds no bearer token."));
    }
    let Some(token) = token_cookie::token(headers) else {
        // A browser drops the cookie when its time is over; the session goes on.
        return Err(if token_cookie::is_web_app(headers) {
            let title = "The cookie with the access token is gone; refresh the session, and let the browser keep this page's cookie.";
            Refusal::new(ErrorCode::TokenExpired, title)
        } else {
            Refusal::not_signed_in("This needs an access token; sign in first.")
        });
    };
    if comes_from_own_page(headers, public_url) {
        Ok(Brought { token, by_cookie: true })
    } else {
        Err(token_cookie::not_our_page())
    }
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
    fn a_bearer_token_is_taken_whatever_page_it_comes_from_and_before_a_cookie() {
        let request = headers(&[
            ("authorization", "bearer abc"),
            ("sec-fetch-site", "cross-site"),
            ("cookie", "__Host-huis=def"),
        ]);
        assert_eq!(access_token(&request, None), Ok(Brought { token: "abc", by_cookie: false }));
        let other_scheme = headers(&[
            ("authorization", "Basic abc"),
            ("cookie", "__Host-huis=abc"),
            ("sec-fetch-site", "same-origin"),
        ]);
        assert!(access_token(&other_scheme, None).is_err());
    }

    #[test]
    fn a_cookie_counts_only_from_the_servers_own_pages() {
        let cookie = ("cookie", "a=b; __Host-huis=abc");
        let own = headers(&[cookie, ("sec-fetch-site", "same-origin")]);
        assert_eq!(access_token(&own, None), Ok(Brought { token: "abc", by_cookie: true }));
        for stranger in [
            headers(&[cookie]),
            headers(&[cookie, ("sec-fetch-site", "cross-site")]),
            headers(&[cookie, ("origin", "https://evil.example"), ("host", "chat.example")]),
        ] {
            let refused = access_token(&stranger, None).map_err(|refusal| refusal.0.code);
            assert_eq!(refused, Err(ErrorCode::Forbidden), "{stranger:?}");
        }
    }

    #[test]
    fn a_web_app_whose_cookie_is_gone_refreshes_and_others_sign_in() {
        let refused = |request| access_token(&request, None).map(|_| ()).map_err(|refusal| refusal.0.code);
        assert_eq!(refused(headers(&[("huis-client", "huis-web/0.1.0")])), Err(ErrorCode::TokenExpired));
        assert_eq!(refused(headers(&[("huis-client", "huis/0.1.0")])), Err(ErrorCode::NotSignedIn));
    }
}

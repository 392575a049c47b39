//! How a device comes to trust the server's own authority: a page that explains it, and the certificate.
//!
//! A device that does not trust the server yet gets both without TLS, at the same port, and nothing else. Whoever stands in
//! between can change them: so the page does not state the fingerprint, which would be changed along, but has people compare
//! what their device shows with what stands on the operator's screen.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use http::header::{ACCEPT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, VARY};
use http::uri::Authority;
use http::{HeaderMap, HeaderName};

use super::docs::escaped;
use crate::state::App;

const POLICY: &str =
    "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
const STYLE: &str = include_str!("authority_page/page.css");

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    English,
    French,
}

/// The page, and the certificate (DER). The same with TLS and without.
pub(super) fn routes(certificate: Bytes) -> Router<App> {
    let of_certificate: [(HeaderName, &str); 1] = [(CONTENT_TYPE, "application/x-x509-ca-cert")];
    let of_style: [(HeaderName, &str); 1] = [(CONTENT_TYPE, "text/css; charset=utf-8")];
    Router::new()
        .route("/authority", get(of_choice))
        .route("/authority/en", get(|state, headers| page(state, headers, Language::English)))
        .route("/authority/fr", get(|state, headers| page(state, headers, Language::French)))
        .route("/authority.css", get(move || async move { (of_style, STYLE).into_response() }))
        .route("/authority.crt", get(move || async move { (of_certificate, certificate.clone()).into_response() }))
}

/// What is answered without TLS: the page stands at the front as well.
pub(super) fn routes_without_tls(certificate: Bytes) -> Router<App> {
    routes(certificate).route("/", get(of_choice))
}

async fn of_choice(state: State<App>, headers: HeaderMap) -> Response {
    let language = Language::chosen(&headers);
    page(state, headers, language).await
}

async fn page(State(app): State<App>, headers: HeaderMap, language: Language) -> Response {
    let (text, then) = match language {
        Language::English => (include_str!("authority_page/en.html"), "Then open"),
        Language::French => (include_str!("authority_page/fr.html"), "Puis ouvrez"),
    };
    let home = home(app.config.public_url.as_deref(), &headers).map(|home| escaped(&home));
    let home = home.map(|home| format!("<p>{then} <a href=\"{home}/\">{home}</a></p>")).unwrap_or_default();
    let about: [(HeaderName, &str); 2] = [(CONTENT_SECURITY_POLICY, POLICY), (VARY, "accept-language")];
    (about, Html(text.replace("{home}", &home))).into_response()
}

/// Where the server is with TLS: as it is configured, or where the browser came.
fn home(public_url: Option<&str>, headers: &HeaderMap) -> Option<String> {
    if let Some(url) = public_url.filter(|url| url.starts_with("https://")) {
        return Some(url.to_owned());
    }
    let host: Authority = headers.get(HOST)?.to_str().ok()?.parse().ok()?;
    (!host.as_str().contains('@')).then(|| format!("https://{host}"))
}

impl Language {
    /// The one of ours that the browser's person prefers (RFC 9110, section 12.5.4); English where they want neither.
    fn chosen(headers: &HeaderMap) -> Self {
        let wanted = headers.get(ACCEPT_LANGUAGE).and_then(|wanted| wanted.to_str().ok()).unwrap_or_default();
        let mut best = (Self::English, 0.0);
        for item in wanted.split(',') {
            let mut parts = item.split(';').map(str::trim);
            let primary = parts.next().unwrap_or_default().split('-').next().unwrap_or_default();
            let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok()).unwrap_or(1.0);
            let language = match primary.to_ascii_lowercase().as_str() {
                "en" => Self::English,
                "fr" => Self::French,
                _ => continue,
            };
            if weight > best.1 {
                best = (language, weight);
            }
        }
        best.0
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        [(name, HeaderValue::from_str(value).unwrap())].into_iter().collect()
    }

    #[test]
    fn the_language_is_the_one_that_is_preferred_of_those_that_are_there() {
        for (wanted, language) in [
            ("fr", Language::French),
            ("fr-CA,fr;q=0.9,en;q=0.8", Language::French),
            ("nl, en;q=0.3, fr;q=0.7", Language::French),
            ("en-GB,en;q=0.9,fr;q=0.8", Language::English),
            ("fr;q=0", Language::English),
            ("nl", Language::English),
            ("", Language::English),
            (",;q=x,fr;q=NaN", Language::English),
        ] {
            assert_eq!(Language::chosen(&headers(ACCEPT_LANGUAGE, wanted)), language, "{wanted}");
        }
    }

    #[test]
    fn the_way_back_is_the_configured_one_or_where_the_browser_came_and_never_what_is_no_host() {
        let came = |host| home(None, &headers(HOST, host));
        assert_eq!(came("192.168.1.10:8443").as_deref(), Some("https://192.168.1.10:8443"));
        assert_eq!(came("[fd00::1]:8443").as_deref(), Some("https://[fd00::1]:8443"));
        for host in ["a@b", "a/b", "a\"b", "<b>", ""] {
            assert_eq!(came(host), None, "{host}");
        }
        let configured = home(Some("https://nas.local"), &headers(HOST, "192.168.1.10"));
        assert_eq!(configured.as_deref(), Some("https://nas.local"));
    }
}

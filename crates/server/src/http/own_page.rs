//! Whether a request comes from the server's own page.

use std::net::Ipv4Addr;

use http::HeaderMap;
use http::header::{HOST, ORIGIN};

/// A browser sends cookies along with requests that other sites' pages make. Fetch Metadata says where a request comes
/// from; where there is none, as with WebSockets, the `Origin` must be ours. A request with neither is refused.
pub(super) fn comes_from_own_page(headers: &HeaderMap, public_url: Option<&str>) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin";
    }
    let text = |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
    let Some(origin) = text(ORIGIN) else {
        return false;
    };
    if public_url.is_some_and(|url| origin == url.trim_end_matches('/')) {
        return true;
    }
    // A browser names in `Host` where it sends the request, and a page can't change that.
    let Some(host) = text(HOST) else {
        return false;
    };
    match origin.split_once("://") {
        Some(("https", from)) => from == host,
        // The cookie needs HTTPS, which browsers do not ask for on the machine itself.
        Some(("http", from)) => from == host && is_this_machine(host),
        _ => false,
    }
}

/// Whether a browser takes this host for the machine that it runs on (W3C Secure Contexts, section 3.1).
fn is_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => host,
    };
    name == "localhost"
        || name.ends_with(".localhost")
        || name == "[::1]"
        || name.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_own(pairs: &[(&'static str, &'static str)], public_url: Option<&str>) -> bool {
        let headers = pairs
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), http::HeaderValue::from_static(value)))
            .collect();
        comes_from_own_page(&headers, public_url)
    }

    #[test]
    fn what_the_browser_says_of_a_request_decides() {
        assert!(is_own(&[("sec-fetch-site", "same-origin")], None));
        for site in ["cross-site", "same-site", "none", "", "same-origin, cross-site"] {
            let own = ("origin", "https://chat.example");
            assert!(!is_own(&[("sec-fetch-site", site), own, ("host", "chat.example")], None), "{site}");
        }
    }

    #[test]
    fn where_it_says_nothing_the_page_must_be_of_this_host() {
        let is_own = |origin, host| is_own(&[("origin", origin), ("host", host)], None);
        for (origin, host) in [
            ("https://chat.example", "chat.example"),
            ("https://chat.example:8443", "chat.example:8443"),
            ("http://localhost:8080", "localhost:8080"),
            ("http://127.0.0.1:8080", "127.0.0.1:8080"),
            ("http://[::1]:8080", "[::1]:8080"),
            ("http://[::1]", "[::1]"),
            ("http://huis.localhost", "huis.localhost"),
        ] {
            assert!(is_own(origin, host), "{origin}");
        }
        for (origin, host) in [
            ("https://evil.example", "chat.example"),
            ("https://chat.example.evil.example", "chat.example"),
            ("https://chat.example:444", "chat.example"),
            ("http://chat.example", "chat.example"),
            ("http://192.168.1.2:8080", "192.168.1.2:8080"),
            ("http://localhost:3000", "localhost:8080"),
            ("http://127.0.0.1.evil.example", "127.0.0.1.evil.example"),
            ("http://evillocalhost", "evillocalhost"),
            ("http://localhost:8080", "127.0.0.1:8080"),
            ("null", "chat.example"),
            ("null", "null"),
            ("", "chat.example"),
            ("file://chat.example", "chat.example"),
        ] {
            assert!(!is_own(origin, host), "{origin}");
        }
    }

    #[test]
    fn a_server_behind_a_proxy_knows_its_own_address() {
        let inner = ("host", "inner:8080");
        let public = Some("https://chat.example/");
        assert!(is_own(&[("origin", "https://chat.example"), inner], public));
        assert!(!is_own(&[("origin", "https://evil.example"), inner], public));
        assert!(!is_own(&[inner], public) && !is_own(&[("origin", "https://chat.example")], None));
    }
}

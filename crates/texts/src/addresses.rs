//! A server's address as it is typed.

use std::net::IpAddr;

/// What was typed is no address of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an address such as https://chat.example.org or http://127.0.0.1:8080")]
pub struct AddressError;

/// A server's address in one form: scheme and place, without a path.
///
/// # Errors
/// [`AddressError`] for anything else.
pub fn server_address(text: &str) -> Result<String, AddressError> {
    let url = text.trim_end_matches('/');
    let (scheme, place) = url.split_once("://").ok_or(AddressError)?;
    let scheme = scheme.to_ascii_lowercase();
    let plain =
        !place.is_empty() && place.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]%_".contains(&byte));
    if matches!(scheme.as_str(), "http" | "https") && plain {
        Ok(format!("{scheme}://{}", place.to_ascii_lowercase()))
    } else {
        Err(AddressError)
    }
}

/// As [`server_address`], where a person may leave the scheme off: it is `https`, and on this machine itself `http`.
///
/// # Errors
/// As [`server_address`].
pub fn typed_address(text: &str) -> Result<String, AddressError> {
    let text = text.trim();
    if text.contains("://") {
        return server_address(text);
    }
    let scheme = if is_here(text) { "http" } else { "https" };
    server_address(&format!("{scheme}://{text}"))
}

/// Whether everybody on the way to this address could change what is exchanged.
pub fn is_unprotected(address: &str) -> bool {
    address.strip_prefix("http://").is_some_and(|place| !is_here(place))
}

/// Whether a place, with or without a port, is this machine.
fn is_here(place: &str) -> bool {
    let host = match place.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => place.split([':', '/']).next().unwrap_or_default(),
    };
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_address_has_one_form() {
        for (typed, one) in [
            ("https://chat.example", "https://chat.example"),
            ("HTTPS://Chat.Example/", "https://chat.example"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://[::1]:8080", "http://[::1]:8080"),
        ] {
            assert_eq!(server_address(typed), Ok(one.into()));
            assert_eq!(typed_address(typed), Ok(one.into()));
        }
        for wrong in
            ["", "chat.example", "ftp://a", "https://", "https://a/b", "https://u@a", "https://a?b", "https://a b"]
        {
            assert!(server_address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_person_may_leave_the_scheme_off() {
        for (typed, one) in [
            (" chat.example ", "https://chat.example"),
            ("chat.example:8443/", "https://chat.example:8443"),
            ("127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("localhost:8080", "http://localhost:8080"),
            ("[::1]:8080", "http://[::1]:8080"),
        ] {
            assert_eq!(typed_address(typed), Ok(one.into()));
        }
        assert!(typed_address("").is_err());
        assert!(typed_address("a b").is_err());
    }

    #[test]
    fn only_this_machine_is_protected_without_tls() {
        assert!(is_unprotected("http://chat.example"));
        for fine in ["https://chat.example", "http://127.0.0.1:8080", "http://[::1]", "http://localhost:1"] {
            assert!(!is_unprotected(fine), "{fine}");
        }
    }
}

//! Versions of Huis: what a client states, and who still understands whom.
//!
//! A client states its version with each request and connection, in the header [`CLIENT_HEADER`]. A server refuses
//! older ones than it serves (`client-too-old`); who states none, or another product's, is served: so are the WebSockets
//! of browsers, which send no such header.

use std::fmt;
use std::str::FromStr;

/// The header in which a client states what it is: `huis/0.1.0`.
pub const CLIENT_HEADER: &str = "huis-client";
/// The product that [`CLIENT_HEADER`] names for clients of Huis. Only their versions are compared, and the web app's.
pub const PRODUCT: &str = "huis";
/// The product that [`CLIENT_HEADER`] names for the web app: it is given its access token in a cookie.
pub const WEB_PRODUCT: &str = "huis-web";
/// The product that [`CLIENT_HEADER`] names for the administration pages: their cookie counts beside it alone.
pub const ADMIN_PRODUCT: &str = "huis-admin";
/// The oldest client that a server of this version can serve.
pub const MINIMUM_CLIENT: Version = Version::new(0, 1, 0);
/// The oldest server that a client of this version can talk to.
pub const MINIMUM_SERVER: Version = Version::new(0, 1, 0);

/// A version by Semantic Versioning. What stands behind `-` or `+` is not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    major: u32,
    minor: u32,
    patch: u32,
}

/// Not a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a version such as 0.1.0")]
pub struct NoVersion;

impl Version {
    /// A version of these three numbers.
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self { major, minor, patch }
    }

    /// The version that the header's value states, if it is one of a client of Huis: `huis/` or `huis-web/`, then the
    /// version, up to the first space.
    pub fn stated(header: &str) -> Option<Self> {
        let (product, version) = header.split_ascii_whitespace().next()?.split_once('/')?;
        if matches!(product, PRODUCT | WEB_PRODUCT) { version.parse().ok() } else { None }
    }
}

/// Whether the header's value states the web app, in whatever version: alone, or behind the client that it is built of, as
/// in `huis/0.1.0 huis-web/0.1.0`.
pub fn states_web_app(header: &str) -> bool {
    products(header).any(|(product, _)| product == WEB_PRODUCT)
}

/// Whether the header's value states the administration pages, in whatever version.
pub fn states_admin_pages(header: &str) -> bool {
    products(header).any(|(product, _)| product == ADMIN_PRODUCT)
}

fn products(header: &str) -> impl Iterator<Item = (&str, &str)> {
    header.split_ascii_whitespace().filter_map(|product| product.split_once('/'))
}

impl FromStr for Version {
    type Err = NoVersion;

    fn from_str(text: &str) -> Result<Self, NoVersion> {
        let core = text.split(['-', '+']).next().unwrap_or_default();
        let mut numbers = core.split('.').map(|number| match number.as_bytes() {
            [b'0'] => Ok(0),
            [b'1'..=b'9', rest @ ..] if rest.iter().all(u8::is_ascii_digit) => number.parse().map_err(|_| NoVersion),
            _ => Err(NoVersion),
        });
        let mut next = || numbers.next().unwrap_or(Err(NoVersion));
        let version = Self::new(next()?, next()?, next()?);
        if numbers.next().is_none() { Ok(version) } else { Err(NoVersion) }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number_and_not_by_letter() {
        let version = |text: &str| text.parse::<Version>().unwrap();
        assert!(version("0.9.12") < version("0.10.0"));
        assert!(version("0.10.0") < version("1.0.0"));
        assert_eq!(version("1.2.3-beta.1+abc").to_string(), "1.2.3");
        for wrong in ["", "1", "1.2", "1.2.3.4", "1..3", "v1.2.3", "01.2.3", "1.2.-3", "1.2.99999999999", "1.2.+3"] {
            assert_eq!(wrong.parse::<Version>(), Err(NoVersion), "{wrong}");
        }
    }

    #[test]
    fn a_client_of_huis_states_its_version_and_others_are_not_compared() {
        assert_eq!(Version::stated("huis/0.1.0"), Some(Version::new(0, 1, 0)));
        assert_eq!(Version::stated("huis/2.0.1 (Linux)"), Some(Version::new(2, 0, 1)));
        assert_eq!(Version::stated("huis-web/0.1.0"), Some(Version::new(0, 1, 0)));
        assert!(states_web_app("huis-web/0.1.0") && states_web_app("huis/0.1.0 huis-web/0.1.0"));
        assert!(!states_web_app("huis/0.1.0") && !states_web_app("huis-web") && !states_web_app("x-huis-web/0.1.0"));
        for other in ["", "curl/8.5.0", "huis", "huis/", "huis/new", "huisje/0.1.0", "other huis/0.1.0"] {
            assert_eq!((Version::stated(other), states_web_app(other)), (None, false), "{other}");
        }
    }
}

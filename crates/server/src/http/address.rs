//! Which address a request comes from.

use std::net::{IpAddr, SocketAddr};

use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::request::Parts;

use super::problem::Refusal;
use crate::config::Network;

/// The other end of the connection; the accept loop puts it among each request's extensions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub SocketAddr);

/// The client, who is the peer, or whom a trusted proxy names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// Believes `X-Forwarded-For` only as far as trusted proxies wrote it: from the right, the first address that is
    /// not a trusted proxy is the client.
    pub(super) fn find(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> Self {
        let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
        let mut client = peer;
        let mut named = headers
            .get_all("x-forwarded-for")
            .iter()
            .rev()
            .flat_map(|header| header.to_str().unwrap_or_default().rsplit(','))
            .map(|address| address.trim().parse::<IpAddr>());
        while is_trusted(client) {
            match named.next() {
                Some(Ok(address)) => client = address,
                Some(Err(_)) | None => break,
            }
        }
        Self(client.to_canonical())
    }
}

impl<S: Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        parts.extensions.get::<Self>().copied().ok_or_else(|| {
            tracing::error!("a request without an address: the accept loop must add it");
            Refusal::internal()
        })
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn client(peer: &str, forwarded: &[&'static str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", HeaderValue::from_static(value));
        }
        let trusted: Vec<Network> = trusted.iter().map(|network| network.parse().unwrap()).collect();
        ClientAddress::find(peer.parse().unwrap(), &headers, &trusted).0.to_string()
    }

    #[test]
    fn a_stranger_cannot_choose_an_address() {
        assert_eq!(client("192.0.2.1", &["198.51.100.7"], &[]), "192.0.2.1");
        assert_eq!(client("192.0.2.1", &["198.51.100.7"], &["10.0.0.0/8"]), "192.0.2.1");
        // What the client itself wrote stands left of what the proxy added.
        assert_eq!(client("10.0.0.1", &["203.0.113.9, 198.51.100.7"], &["10.0.0.0/8"]), "198.51.100.7");
        assert_eq!(client("10.0.0.1", &["203.0.113.9", "198.51.100.7"], &["10.0.0.0/8"]), "198.51.100.7");
    }

    #[test]
    fn a_chain_of_trusted_proxies_is_followed_to_the_client() {
        let trusted = ["10.0.0.0/8", "::1"];
        assert_eq!(client("::1", &["198.51.100.7, 10.1.1.1"], &trusted), "198.51.100.7");
        assert_eq!(client("::1", &[], &trusted), "::1");
        assert_eq!(client("10.0.0.1", &["garbage"], &trusted), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["garbage, 10.0.0.2"], &trusted), "10.0.0.2");
    }
}

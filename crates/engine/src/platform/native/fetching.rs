//! Files of a server, fetched as a browser would.

use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING};

use super::transport::NativeTransport;
use crate::engine::StartError;
use crate::ports::TransportError;

/// Fetches from one server. A certificate that no public authority vouches for is taken as it is found, and must stay the
/// same; **whoever needs to know whose it is compares the [fingerprint](Self::fingerprint).**
pub struct Fetcher(NativeTransport);

/// What a server sent for a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The HTTP status.
    pub status: u16,
    /// How the body is compressed, as the server says it; none where it is as it is.
    pub encoding: Option<String>,
    /// The body as it came; one that is longer than was asked for is cut behind the first byte too many.
    pub body: Vec<u8>,
}

impl Fetcher {
    /// Fetches from this server, of whose URL the path does not count.
    ///
    /// # Errors
    /// [`StartError::Url`] where it is no URL of HTTP.
    pub fn new(server: &str) -> Result<Self, StartError> {
        Ok(Self(NativeTransport::new(server, None)?))
    }

    /// Fetches `path`; `encodings` is what the client says that it can unpack (`Accept-Encoding`).
    ///
    /// # Errors
    /// [`TransportError`] where the server can't be reached.
    pub async fn fetch(&self, path: &str, encodings: &'static str, most: usize) -> Result<Fetched, TransportError> {
        let transport = &self.0;
        let url = transport.server.join(path).map_err(|error| TransportError::Unreachable(error.to_string()))?;
        let asked = transport.client.get(url).header(ACCEPT_ENCODING, encodings);
        let mut response = asked.send().await.map_err(|error| transport.unreachable(&error))?;
        let header = response.headers().get(CONTENT_ENCODING);
        let encoding = header.map(|header| String::from_utf8_lossy(header.as_bytes()).to_ascii_lowercase());
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while body.len() <= most
            && let Some(chunk) = response.chunk().await.map_err(|error| transport.unreachable(&error))?
        {
            body.extend_from_slice(&chunk);
        }
        body.truncate(most.saturating_add(1));
        Ok(Fetched { status, encoding, body })
    }

    /// The server's certificate (SHA-256, in hexadecimal digits), if no public authority vouches for it.
    pub fn fingerprint(&self) -> Option<String> {
        self.0.certificates.fingerprint()
    }
}

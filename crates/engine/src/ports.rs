//! What the engine needs from outside: a way to the server, a clock, randomness. Narrow on purpose, so that another
//! platform, a test, or a way from device to device can stand in.

mod beacons;
mod files;

use std::rc::Rc;
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use huis_proto::rest::Secret;
use rand::rngs::StdRng;

pub use self::beacons::{BeaconWay, Beacons};
pub use self::files::{FileFault, FileMethod, FileRequest, FileResponse, Files, OpenFile, Part, Stamp};

/// Everything from outside.
pub struct Ports {
    /// The way to the server.
    pub transport: Rc<dyn Transport>,
    /// The device's own files.
    pub files: Rc<dyn Files>,
    /// The public randomness that messages can be locked by.
    pub beacons: Beacons,
    /// Time.
    pub clock: Rc<dyn Clock>,
    /// Randomness; seeded in tests, from the operating system otherwise.
    pub random: StdRng,
}

/// What this client states with every request and connection, in the header
/// [`CLIENT_HEADER`](huis_proto::versions::CLIENT_HEADER).
pub const CLIENT: &str = concat!("huis/", env!("CARGO_PKG_VERSION"));

/// The way to a server. It states [`CLIENT`] with everything that it sends there.
pub trait Transport {
    /// Where it leads, as a person reads it.
    fn server(&self) -> String;

    /// Asks once and gives the answer, whatever its status.
    fn ask(&self, request: HttpRequest) -> LocalBoxFuture<'_, Result<HttpResponse, TransportError>>;

    /// As [`ask`](Self::ask), with the bytes of a file one way or the other.
    fn carry(&self, request: FileRequest) -> LocalBoxFuture<'_, Result<FileResponse, TransportError>>;

    /// Opens the connection of frames (subprotocol [`SUBPROTOCOL`](huis_proto::frames::SUBPROTOCOL)).
    fn connect(&self, token: Secret) -> LocalBoxFuture<'_, Result<Link, TransportError>>;
}

/// A request under `/api/v1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// The path with its query, beginning with `/api/v1/`.
    pub path: String,
    /// The access token for the `Authorization` header.
    pub token: Option<Secret>,
    /// A JSON body.
    pub body: Option<Vec<u8>>,
}

/// The HTTP methods in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Does something.
    Post,
    /// Replaces something.
    Put,
    /// Ends something.
    Delete,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpResponse {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// Why the server was not reached, or a connection did not come about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// The network, or the server, is not there; whether a request arrived is not known.
    #[error("{0}")]
    Unreachable(String),
    /// The certificate is not the one that was pinned.
    #[error("{0}")]
    Certificate(String),
    /// The server refused the connection with this status and body.
    #[error("the server answered with status {0}")]
    Refused(u16, Vec<u8>),
}

/// An open connection of frames.
pub struct Link {
    /// Sends messages.
    pub sender: Box<dyn LinkSender>,
    /// Receives messages.
    pub receiver: Box<dyn LinkReceiver>,
}

/// The sending half.
pub trait LinkSender {
    /// Sends one binary message of frames.
    fn send(&mut self, message: Vec<u8>) -> LocalBoxFuture<'_, Result<(), LinkEnd>>;
}

/// The receiving half.
pub trait LinkReceiver {
    /// The next binary message of frames. Must lose nothing when the future is dropped before it is done.
    fn receive(&mut self) -> LocalBoxFuture<'_, Result<Vec<u8>, LinkEnd>>;
}

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkEnd {
    /// The server closed it with this code ([`CloseCode`](huis_proto::frames::CloseCode)).
    #[error("the server closed the connection with code {0}")]
    Closed(u16),
    /// It broke.
    #[error("the connection broke: {0}")]
    Broken(String),
}

/// Time.
pub trait Clock {
    /// Milliseconds since 1970, by the device's clock.
    fn now_ms(&self) -> u64;

    /// Is ready after `duration`.
    fn sleep(&self, duration: Duration) -> LocalBoxFuture<'static, ()>;
}

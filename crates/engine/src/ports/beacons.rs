//! The public randomness that messages can be locked by, and the ways on which a device asks for it by itself.

use std::rc::Rc;

use futures_util::future::LocalBoxFuture;
use huis_proto::Bytes32;
use huis_proto::beacon::Chain;

use super::{HttpResponse, TransportError};

/// The chains that a device knows, and how it asks for what they publish.
#[derive(Clone, Default)]
pub struct Beacons {
    /// What is locked by another chain does not open here. What is sent is locked by the first one; without any, nothing is.
    pub chains: Vec<Chain>,
    /// Tried one behind the other, and behind them the device's own server.
    pub ways: Vec<Rc<dyn BeaconWay>>,
}

impl Beacons {
    /// The chain with this hash.
    pub(crate) fn chain(&self, hash: &Bytes32) -> Option<&Chain> {
        self.chains.iter().find(|chain| chain.hash == *hash)
    }
}

/// A way to somebody who says what a beacon has published: whoever that is, nothing that is said counts unchecked.
pub trait BeaconWay {
    /// Asks for a round ([`path_of`](huis_proto::beacon::path_of)), within a bound of time, and gives the answer, whatever its
    /// status, with no more bytes than [`ANSWER`](huis_proto::beacon::ANSWER).
    fn ask(&self, path: String) -> LocalBoxFuture<'_, Result<HttpResponse, TransportError>>;
}

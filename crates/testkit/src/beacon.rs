//! A public randomness beacon of the world's own: a chain with a key that is made here, whose rounds are published as the world's
//! time comes to them, and who passes them on may lie.

use std::cell::Cell;
use std::rc::Rc;

use ark_bls12_381::{Fr, G1Affine, G2Affine, g1};
use ark_ec::hashing::HashToCurve;
use ark_ec::hashing::curve_maps::wb::WBMap;
use ark_ec::hashing::map_to_curve_hasher::MapToCurveBasedHasher;
use ark_ec::models::short_weierstrass::Projective;
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::field_hashers::DefaultFieldHasher;
use ark_serialize::CanonicalSerialize;
use futures_util::future::LocalBoxFuture;
use huis_engine::{BeaconWay, HttpResponse, TransportError};
use huis_proto::Bytes32;
use huis_proto::beacon::{ANSWER, BeaconRound, Chain, PUBLIC_KEY, SIGNATURE};
use sha2::{Digest, Sha256};

use crate::clocks::WorldTime;

/// A chain, and its key.
#[derive(Clone)]
pub struct ChainKey {
    secret: Fr,
    /// What everybody knows of it.
    pub chain: Chain,
}

impl ChainKey {
    /// The chain with this number for its secret: no two numbers have the same key.
    pub fn made_of(number: u64, genesis_s: u64, period_s: u32) -> Self {
        let secret = Fr::from(number) + Fr::from(u64::MAX);
        let mut public_key = [0; PUBLIC_KEY];
        let point = (G2Affine::generator() * secret).into_affine();
        point.serialize_compressed(&mut public_key[..]).expect("a point has so many bytes");
        let hash = Bytes32(Sha256::digest(public_key).into());
        Self { secret, chain: Chain { hash, public_key, genesis_s, period_s } }
    }

    /// The chain's signature of a round.
    pub fn signs(&self, round: u64) -> [u8; SIGNATURE] {
        type ToG1 = MapToCurveBasedHasher<Projective<g1::Config>, DefaultFieldHasher<Sha256, 128>, WBMap<g1::Config>>;
        let hasher = ToG1::new(b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_").expect("the domain is one");
        let point: G1Affine = hasher.hash(&Sha256::digest(round.to_be_bytes())).expect("any hash is a point");
        let mut signature = [0; SIGNATURE];
        let signed = (point * self.secret).into_affine();
        signed.serialize_compressed(&mut signature[..]).expect("a point has so many bytes");
        signature
    }
}

/// How who passes a beacon's rounds on behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Relay {
    /// Says what is published, when it is.
    #[default]
    Honest,
    /// Can't be reached.
    Unreachable,
    /// Takes a question and never answers.
    Silent,
    /// Answers with a page of something else.
    Garbage,
    /// Answers with more than any beacon says.
    Huge,
    /// Says the signature of the round before, early and late, as if it were of this one.
    RoundBefore,
    /// Says what another chain signed.
    AnotherChain,
}

/// The beacon of a world, and the way to it.
pub(crate) struct WorldBeacon {
    pub(crate) key: ChainKey,
    time: WorldTime,
    pub(crate) relay: Cell<Relay>,
    pub(crate) asked: Cell<u64>,
}

impl WorldBeacon {
    pub(crate) fn new(number: u64, time: WorldTime) -> Self {
        // As quicknet's.
        let key = ChainKey::made_of(number, 1_692_803_367, 3);
        Self { key, time, relay: Cell::default(), asked: Cell::default() }
    }

    async fn answers(&self, path: String) -> Result<HttpResponse, TransportError> {
        self.asked.set(self.asked.get() + 1);
        let prefix = format!("/{}/public/", self.key.chain.hash_in_hex());
        let round: u64 = match path.strip_prefix(&prefix).map(str::parse) {
            Some(Ok(round)) => round,
            _ => return Ok(HttpResponse { status: 404, body: Vec::new() }),
        };
        let said = |signature: [u8; SIGNATURE]| {
            let body = serde_json::to_vec(&BeaconRound::new(round, &signature)).unwrap_or_default();
            Ok(HttpResponse { status: 200, body })
        };
        match self.relay.get() {
            Relay::Honest if self.key.chain.published_ms(round) > self.time.now_ms() => {
                Ok(HttpResponse { status: 404, body: Vec::new() })
            }
            Relay::Honest => said(self.key.signs(round)),
            Relay::Unreachable => Err(TransportError::Unreachable("the network does not lead there".into())),
            Relay::Silent => std::future::pending().await,
            Relay::Garbage => Ok(HttpResponse { status: 200, body: b"<html>beacon</html>".to_vec() }),
            Relay::Huge => Ok(HttpResponse { status: 200, body: vec![b' '; ANSWER + 1] }),
            Relay::RoundBefore => said(self.key.signs(round.saturating_sub(1))),
            Relay::AnotherChain => said(ChainKey::made_of(7_777, 0, 3).signs(round)),
        }
    }
}

/// A device's own way to the world's beacon.
pub(crate) struct WayToBeacon(pub(crate) Rc<WorldBeacon>);

impl BeaconWay for WayToBeacon {
    fn ask(&self, path: String) -> LocalBoxFuture<'_, Result<HttpResponse, TransportError>> {
        Box::pin(self.0.answers(path))
    }
}

//! The public randomness beacon by which messages are locked without trust in a server: drand's, or another network of its
//! kind: what a chain is, when its rounds are published, and what is said of one. What is computed over the curve is in
//! `huis-beacon`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Bytes32;

/// The bytes of a chain's public key.
pub const PUBLIC_KEY: usize = 96;
/// The bytes of a round's signature.
pub const SIGNATURE: usize = 48;
/// The most bytes of a beacon's answer: what it says of a round has about 300.
pub const ANSWER: usize = 4096;

const QUICKNET_HASH: [u8; 32] = [
    0x52, 0xdb, 0x9b, 0xa7, 0x0e, 0x0c, 0xc0, 0xf6, 0xea, 0xf7, 0x80, 0x3d, 0xd0, 0x74, 0x47, 0xa1, 0xf5, 0x47, 0x77,
    0x35, 0xfd, 0x3f, 0x66, 0x17, 0x92, 0xba, 0x94, 0x60, 0x0c, 0x84, 0xe9, 0x71,
];
const QUICKNET_KEY: [u8; PUBLIC_KEY] = [
    0x83, 0xcf, 0x0f, 0x28, 0x96, 0xad, 0xee, 0x7e, 0xb8, 0xb5, 0xf0, 0x1f, 0xca, 0xd3, 0x91, 0x22, 0x12, 0xc4, 0x37,
    0xe0, 0x07, 0x3e, 0x91, 0x1f, 0xb9, 0x00, 0x22, 0xd3, 0xe7, 0x60, 0x18, 0x3c, 0x8c, 0x4b, 0x45, 0x0b, 0x6a, 0x0a,
    0x6c, 0x3a, 0xc6, 0xa5, 0x77, 0x6a, 0x2d, 0x10, 0x64, 0x51, 0x0d, 0x1f, 0xec, 0x75, 0x8c, 0x92, 0x1c, 0xc2, 0x2b,
    0x0e, 0x17, 0xe6, 0x3a, 0xaf, 0x4b, 0xcb, 0x5e, 0xd6, 0x63, 0x04, 0xde, 0x9c, 0xf8, 0x09, 0xbd, 0x27, 0x4c, 0xa7,
    0x3b, 0xab, 0x4a, 0xf5, 0xa6, 0xe9, 0xc7, 0x6a, 0x4b, 0xc0, 0x9e, 0x76, 0xea, 0xe8, 0x99, 0x1e, 0xf5, 0xec, 0xe4,
    0x5a,
];

/// A chain of the kind `bls-unchained-g1-rfc9380`: who signs, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// By what the chain is named everywhere; it binds the other parts.
    pub hash: Bytes32,
    /// A compressed point of G2.
    pub public_key: [u8; PUBLIC_KEY],
    /// When round 1 was published, in seconds since 1970.
    pub genesis_s: u64,
    /// How long one round takes, in seconds; not zero.
    pub period_s: u32,
}

/// Why a text is no chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a chain is written HASH:PUBLIC-KEY:GENESIS:PERIOD: 64 and 192 hexadecimal digits, the time of round 1 in seconds since \
     1970, and the seconds that a round takes"
)]
pub struct NotAChain;

impl Chain {
    /// drand's *quicknet*, which publishes a round every 3 seconds: what messages are locked by where nothing else is set.
    /// From `https://api.drand.sh/52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971/info`.
    pub fn quicknet() -> Self {
        Self { hash: Bytes32(QUICKNET_HASH), public_key: QUICKNET_KEY, genesis_s: 1_692_803_367, period_s: 3 }
    }

    /// The first round that is published at this time, in milliseconds since 1970, or behind it.
    pub fn round_at(&self, unlocks_at_ms: u64) -> u64 {
        let since_ms = unlocks_at_ms.saturating_sub(self.genesis_s.saturating_mul(1000));
        since_ms.div_ceil(self.period_ms()).saturating_add(1)
    }

    /// When a round is published, in milliseconds since 1970.
    pub fn published_ms(&self, round: u64) -> u64 {
        let since_ms = round.saturating_sub(1).saturating_mul(self.period_ms());
        self.genesis_s.saturating_mul(1000).saturating_add(since_ms)
    }

    /// The hash in hexadecimal digits, as paths have it.
    pub fn hash_in_hex(&self) -> String {
        hex(&self.hash.0)
    }

    fn period_ms(&self) -> u64 {
        u64::from(self.period_s.max(1)).saturating_mul(1000)
    }
}

impl FromStr for Chain {
    type Err = NotAChain;

    fn from_str(text: &str) -> Result<Self, NotAChain> {
        let mut parts = text.split(':');
        let mut part = || parts.next().ok_or(NotAChain);
        let chain = Self {
            hash: Bytes32(bytes(part()?).ok_or(NotAChain)?),
            public_key: bytes(part()?).ok_or(NotAChain)?,
            genesis_s: part()?.parse().map_err(|_| NotAChain)?,
            period_s: part()?.parse().map_err(|_| NotAChain)?,
        };
        if chain.period_s == 0 || parts.next().is_some() { Err(NotAChain) } else { Ok(chain) }
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}:{}", hex(&self.hash.0), hex(&self.public_key), self.genesis_s, self.period_s)
    }
}

/// What a beacon says of a round, as drand's HTTP interface gives it and the server passes it on; what else stands in it is left
/// aside. **Nothing of it counts before the signature is checked.**
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BeaconRound {
    /// The round.
    pub round: u64,
    /// The chain's signature of it: 96 hexadecimal digits, a compressed point of G1.
    pub signature: String,
}

impl BeaconRound {
    /// The signature's bytes; none where it is of another round, or of another length.
    pub fn signature_of(&self, round: u64) -> Option<[u8; SIGNATURE]> {
        bytes(&self.signature).filter(|_| self.round == round)
    }

    /// What says of a round that it was signed so.
    pub fn new(round: u64, signature: &[u8; SIGNATURE]) -> Self {
        Self { round, signature: hex(signature) }
    }
}

/// The path under which a beacon is asked for a round, behind its URL.
pub fn path_of(chain: &Bytes32, round: u64) -> String {
    format!("/{}/public/{round}", hex(&chain.0))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes<const N: usize>(hex: &str) -> Option<[u8; N]> {
    let digits = hex.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |at: usize| char::from(*pair.get(at)?).to_digit(16);
        *byte = u8::try_from(digit(0)? * 16 + digit(1)?).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    const ROUND_1000: &str = r#"{"round":1000,"randomness":"fe290beca10872ef2fb164d2aa4442de4566183ec51c56ff3cd603d930e54fdd","signature":"b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39"}"#;

    fn quicknet() -> Chain {
        Chain::quicknet()
    }

    /// As drand computes it (`Info.Hash`): period, genesis, key, the group's hash, and the beacon's name.
    #[test]
    fn quicknets_hash_is_of_its_key_its_genesis_and_its_period() {
        let chain = quicknet();
        let group: [u8; 32] = bytes("f477d5c89f21a17c863a7f937c6a6d15859414d2be09cd448d4279af331c5d3e").unwrap();
        let hash = Sha256::new()
            .chain_update(chain.period_s.to_be_bytes())
            .chain_update(chain.genesis_s.to_be_bytes())
            .chain_update(chain.public_key)
            .chain_update(group)
            .chain_update("quicknet")
            .finalize();
        assert_eq!(chain.hash.0, <[u8; 32]>::from(hash));
        assert_eq!(chain.to_string().parse(), Ok(chain));
    }

    #[test]
    fn what_is_no_chain_is_refused() {
        let good = &quicknet().to_string();
        let no_period = good.replace(":3", ":0");
        let (short, odd) = (&good[1..], good.replacen('5', "g", 1));
        for text in ["", ":::", &no_period, short, &odd, &format!("{good}:1"), &good.replacen(":8", ":-8", 1)] {
            assert_eq!(text.parse::<Chain>(), Err(NotAChain), "{text}");
        }
    }

    #[test]
    fn a_time_waits_for_the_round_that_is_published_then_or_next() {
        let chain = quicknet();
        let genesis_ms = chain.genesis_s * 1000;
        let rounds = [0, genesis_ms - 1, genesis_ms, genesis_ms + 1, genesis_ms + 3000, genesis_ms + 3001]
            .map(|at_ms| chain.round_at(at_ms));
        assert_eq!(rounds, [1, 1, 1, 2, 2, 3]);
        for at_ms in [genesis_ms, genesis_ms + 1, genesis_ms + 2999, 1_900_000_000_000, 1_900_000_000_001] {
            let published_ms = chain.published_ms(chain.round_at(at_ms));
            assert!((at_ms..at_ms + 3000).contains(&published_ms), "{at_ms}");
        }
        assert_eq!(chain.published_ms(0), genesis_ms);
        assert!(chain.published_ms(chain.round_at(u64::MAX)) > u64::MAX - 3000);
    }

    #[test]
    fn an_answer_is_read_for_the_round_that_was_asked_for() {
        let said: BeaconRound = serde_json::from_str(ROUND_1000).unwrap();
        let signature = said.signature_of(1000).unwrap();
        assert_eq!(BeaconRound::new(1000, &signature), said);
        assert_eq!(said.signature_of(1001), None);
        for signature in ["", "b4", &said.signature[1..], &said.signature.replace("b446", "b44\u{e9}")] {
            let said = BeaconRound { signature: signature.into(), ..said.clone() };
            assert_eq!(said.signature_of(1000), None, "{signature}");
        }
        for answer in ["", "{}", "[]", "null", "<html>", r#"{"round":1000}"#, r#"{"round":-1,"signature":""}"#] {
            assert!(serde_json::from_str::<BeaconRound>(answer).is_err(), "{answer}");
        }
    }
}

//! What a hint looks like on its way: sealed under a key that all nodes of a server have, so that whoever runs the bus
//! reads nothing and can make up nothing.
//!
//! A version byte, the sending node's id, its counter (8 bytes, big endian), and the CBOR of the hint under AES-256-GCM,
//! with what stands before as authenticated data. Each start of a node has an id of its own and with it a key of its own,
//! so its counter is a nonce; and a counter that does not grow is a repeat.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use hmac::{Hmac, Mac as _};
use huis_proto::{IncarnationId, codec};
use rand::{CryptoRng, RngCore};
use sha2::Sha256;
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::bus::Hint;

const VERSION: u8 = 1;
const HEADER: usize = 1 + 16 + 8;
/// The most nodes that are remembered; every start of a node is one.
const NODES: usize = 256;

pub(super) type NodeId = [u8; 16];

/// The key of a server's bus, and what is made of it.
pub(super) struct BusKey(Zeroizing<[u8; 32]>);

/// Seals what this node says.
pub(super) struct Sealer {
    node: NodeId,
    cipher: Aes256Gcm,
    counter: u64,
}

/// Opens what the others say, and knows when each was heard.
pub(super) struct Opener {
    key: BusKey,
    me: NodeId,
    known: Mutex<HashMap<NodeId, Known>>,
}

struct Known {
    cipher: Aes256Gcm,
    counter: u64,
    heard_at: Instant,
    /// When its silence was last noticed, or else when it was heard.
    noticed_at: Instant,
    /// It has not said that it goes, nor was it given up.
    lives: bool,
}

impl BusKey {
    /// Made of a key that all nodes have. What was said before the store was set back means nothing after it, and what a
    /// copy of it says means nothing here.
    pub(super) fn of(shared: &[u8; 32], incarnation: IncarnationId) -> Self {
        Self(Zeroizing::new(keyed(shared, &[b"huis bus v1", incarnation.as_bytes()])))
    }

    /// A name for something in a place that others may see.
    pub(super) fn name(&self, what: &[&[u8]]) -> String {
        let parts: Vec<&[u8]> = [&b"name"[..]].into_iter().chain(what.iter().copied()).collect();
        keyed(&self.0, &parts).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    /// What a node that starts seals with.
    pub(super) fn sealer(&self, rng: &mut (impl RngCore + CryptoRng)) -> Sealer {
        let mut node = [0; 16];
        rng.fill_bytes(&mut node);
        Sealer { node, cipher: self.cipher(&node), counter: 0 }
    }

    /// What opens everything but the sealer's own.
    pub(super) fn opener(self, sealer: &Sealer) -> Opener {
        Opener { key: self, me: sealer.node, known: Mutex::default() }
    }

    fn cipher(&self, node: &NodeId) -> Aes256Gcm {
        let key = Zeroizing::new(keyed(&self.0, &[b"node", node]));
        Aes256Gcm::new((&*key).into())
    }
}

impl Sealer {
    pub(super) fn seal(&mut self, hint: &Hint) -> Option<Vec<u8>> {
        self.counter += 1;
        let mut sealed = Vec::with_capacity(HEADER);
        sealed.push(VERSION);
        sealed.extend_from_slice(&self.node);
        sealed.extend_from_slice(&self.counter.to_be_bytes());
        let text = codec::to_cbor(hint);
        let payload = Payload { msg: &text, aad: &sealed };
        let body = self.cipher.encrypt(Nonce::from_slice(&nonce(self.counter)), payload).ok()?;
        sealed.extend_from_slice(&body);
        Some(sealed)
    }
}

impl Opener {
    /// The hint, if it is of another node of this server, and was not heard before.
    pub(super) fn open(&self, sealed: &[u8]) -> Option<Hint> {
        let (header, body) = sealed.split_at_checked(HEADER)?;
        let (version, node): (u8, NodeId) = (*header.first()?, header.get(1..17)?.try_into().ok()?);
        let counter = u64::from_be_bytes(header.get(17..)?.try_into().ok()?);
        if version != VERSION || node == self.me {
            return None;
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let before = known.get(&node).map_or(0, |known| known.counter);
        if counter <= before {
            return None;
        }
        let cipher = known.get(&node).map_or_else(|| self.key.cipher(&node), |known| known.cipher.clone());
        let text = cipher.decrypt(Nonce::from_slice(&nonce(counter)), Payload { msg: body, aad: header }).ok()?;
        if known.len() >= NODES && !known.contains_key(&node) {
            let oldest = known.iter().min_by_key(|(_, known)| known.heard_at).map(|(node, _)| *node);
            oldest.map(|oldest| known.remove(&oldest));
        }
        // None where it is of a newer version: there is nothing in it for this one.
        let hint = codec::from_cbor(&text).ok();
        let lives = !matches!(hint, Some(Hint::Leaving));
        let now = Instant::now();
        known.insert(node, Known { cipher, counter, heard_at: now, noticed_at: now, lives });
        hint
    }

    /// Whether a node was silent for so long without a farewell, or for as long again. It may be there, and only its way
    /// to the bus be gone; after `at_most` it is given up.
    pub(super) fn misses_one(&self, silence: Duration, at_most: Duration) -> bool {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut any = false;
        for known in known.values_mut().filter(|known| known.lives && known.noticed_at.elapsed() >= silence) {
            known.noticed_at = Instant::now();
            known.lives = known.heard_at.elapsed() < at_most;
            any = true;
        }
        any
    }
}

fn nonce(counter: u64) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&counter.to_be_bytes());
    nonce
}

/// HMAC-SHA-256 over the parts, each with its length.
fn keyed(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = match <Hmac<Sha256> as hmac::Mac>::new_from_slice(key) {
        Ok(mac) => mac,
        Err(_) => unreachable!("HMAC takes keys of any length"),
    };
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use rand::rngs::OsRng;

    use super::*;

    const SHARED: [u8; 32] = [7; 32];

    fn key() -> BusKey {
        BusKey::of(&SHARED, IncarnationId::from_bytes([1; 16]))
    }

    #[test]
    fn a_node_that_falls_silent_is_missed_until_it_is_given_up_and_one_that_says_farewell_is_not() {
        const HOUR: Duration = Duration::from_secs(3600);
        let (mut one, mut other) = (key().sealer(&mut OsRng), key().sealer(&mut OsRng));
        let opener = key().opener(&key().sealer(&mut OsRng));
        assert!(!opener.misses_one(Duration::ZERO, HOUR));
        for hint in [Hint::Alive, Hint::Missed] {
            opener.open(&one.seal(&hint).unwrap()).unwrap();
            opener.open(&other.seal(&hint).unwrap()).unwrap();
        }
        opener.open(&other.seal(&Hint::Leaving).unwrap()).unwrap();
        assert!(!opener.misses_one(HOUR, HOUR));
        assert!(opener.misses_one(Duration::ZERO, HOUR));
        assert!(opener.misses_one(Duration::ZERO, Duration::ZERO), "still");
        assert!(!opener.misses_one(Duration::ZERO, HOUR), "it was given up");
        opener.open(&one.seal(&Hint::Alive).unwrap()).unwrap();
        assert!(opener.misses_one(Duration::ZERO, HOUR));
        opener.open(&one.seal(&Hint::Leaving).unwrap()).unwrap();
        assert!(!opener.misses_one(Duration::ZERO, HOUR));
    }

    #[test]
    fn any_number_of_nodes_takes_a_bounded_space() {
        let opener = key().opener(&key().sealer(&mut OsRng));
        for _ in 0..2 * NODES {
            opener.open(&key().sealer(&mut OsRng).seal(&Hint::Alive).unwrap()).unwrap();
        }
        assert_eq!(opener.known.lock().unwrap().len(), NODES);
    }

    #[test]
    fn a_nodes_own_words_are_not_heard_twice() {
        let mut sealer = key().sealer(&mut OsRng);
        let opener = key().opener(&sealer);
        assert!(opener.open(&sealer.seal(&Hint::Missed).unwrap()).is_none());
    }
}

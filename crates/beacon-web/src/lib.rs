//! What `huis-beacon` computes, as a module of its own for the browser: most pages never meet a message that a beacon locked, and
//! load without it. Everywhere else the engine calls `huis-beacon` itself.
//!
//! What can't be done is answered by a number in the place of bytes: 1 where the signature is not the chain's, 2 where nothing
//! opens, 0 where the arguments are none.

#![cfg(target_family = "wasm")]

use huis_beacon::{BeaconError, PUBLIC_KEY, SECRET};
use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;
use zeroize::Zeroizing;

/// The 128 bytes that a secret of 16 is sealed to, with 16 fresh random ones as `sigma`.
#[wasm_bindgen]
pub fn seal(key: &[u8], round: u64, secret: Vec<u8>, sigma: Vec<u8>) -> JsValue {
    let (secret, sigma) = (Zeroizing::new(secret), Zeroizing::new(sigma));
    let (Ok(key), Ok(secret), Ok(sigma)) = (key.try_into(), secret[..].try_into(), sigma[..].try_into()) else {
        return why(BeaconError::Curve);
    };
    let (key, secret, sigma): (&[u8; PUBLIC_KEY], &[u8; SECRET], &[u8; SECRET]) = (key, secret, sigma);
    match huis_beacon::seal(key, round, secret, sigma) {
        Ok(sealed) => Uint8Array::from(&sealed[..]).into(),
        Err(error) => why(error),
    }
}

/// The 16 bytes of the secret, once the signature of the round is checked.
#[wasm_bindgen]
pub fn open(key: &[u8], round: u64, signature: &[u8], sealed: &[u8]) -> JsValue {
    let Ok(key) = key.try_into() else { return why(BeaconError::PublicKey) };
    match huis_beacon::open(key, round, signature, sealed) {
        Ok(secret) => Uint8Array::from(&secret[..]).into(),
        Err(error) => why(error),
    }
}

fn why(error: BeaconError) -> JsValue {
    let number = match error {
        BeaconError::Signature => 1,
        BeaconError::Sealed => 2,
        BeaconError::PublicKey | BeaconError::Curve => 0,
    };
    number.into()
}

//! What is computed over a beacon's curve: asked of a module of its own (`huis-beacon`), which the worker's script fetches when it is
//! first needed.

use std::time::Duration;

use futures_util::future::{Either, select};
use huis_core::time_locks::{BeaconSecret, SEALED_SECRET, SECRET};
use huis_proto::beacon::Chain;
use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;

use super::timer;
use crate::time_locks::BeaconFault;

/// The module has to come from the server, over whatever way there is.
const PATIENCE: Duration = Duration::from_secs(90);
/// What the module gives in place of bytes where a signature is none.
const SIGNATURE: f64 = 1.0;
/// What the module gives in place of bytes where nothing opens.
const SEALED: f64 = 2.0;

#[wasm_bindgen]
extern "C" {
    /// In `worker.js`: the sealed secret, or a number that says why there is none.
    #[wasm_bindgen(catch, js_name = huisBeaconSeal)]
    async fn seal_there(key: Uint8Array, round: u64, secret: Uint8Array, sigma: Uint8Array)
    -> Result<JsValue, JsValue>;

    /// In `worker.js`: the secret, or a number that says why there is none.
    #[wasm_bindgen(catch, js_name = huisBeaconOpen)]
    async fn open_there(
        key: Uint8Array,
        round: u64,
        signature: Uint8Array,
        sealed: Uint8Array,
    ) -> Result<JsValue, JsValue>;
}

/// Seals a secret for a round.
pub(crate) async fn seal_for_round(
    chain: &Chain,
    round: u64,
    secret: &BeaconSecret,
    sigma: &[u8; SECRET],
) -> Result<[u8; SEALED_SECRET], BeaconFault> {
    let (key, secret, sigma) = (&chain.public_key[..], &secret.expose()[..], &sigma[..]);
    answered(seal_there(key.into(), round, secret.into(), sigma.into())).await
}

/// Opens what was sealed for a round, once its signature is checked.
pub(crate) async fn open_by_round(
    chain: &Chain,
    round: u64,
    signature: &[u8],
    sealed: &[u8; SEALED_SECRET],
) -> Result<BeaconSecret, BeaconFault> {
    let (key, sealed) = (&chain.public_key[..], &sealed[..]);
    answered(open_there(key.into(), round, signature.into(), sealed.into())).await.map(BeaconSecret::from_bytes)
}

/// The bytes that the module gives, within its time.
async fn answered<const N: usize>(
    asked: impl Future<Output = Result<JsValue, JsValue>>,
) -> Result<[u8; N], BeaconFault> {
    let answer = match select(std::pin::pin!(asked), timer::sleep(PATIENCE)).await {
        Either::Left((answer, _)) => answer.map_err(|_| BeaconFault::NotAtHand)?,
        Either::Right(_) => return Err(BeaconFault::NotAtHand),
    };
    if let Some(bytes) = answer.dyn_ref::<Uint8Array>() {
        return bytes.to_vec().try_into().map_err(|_| BeaconFault::NotAtHand);
    }
    match answer.as_f64() {
        Some(SIGNATURE) => Err(BeaconFault::Signature),
        Some(SEALED) => Err(BeaconFault::Sealed),
        _ => Err(BeaconFault::NotAtHand),
    }
}

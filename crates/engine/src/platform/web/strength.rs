//! How hard a password is to guess: asked of a module of its own (`huis-strength`), which the worker's script fetches when
//! it is first needed.

use std::time::Duration;

use futures_util::future::{Either, select};
use huis_proto::rest::Secret;
use huis_views::Failure;
use wasm_bindgen::prelude::*;

use super::timer;
use crate::accounts::Estimate;

/// The module has to come from the server, over whatever way there is.
const PATIENCE: Duration = Duration::from_secs(90);

#[wasm_bindgen]
extern "C" {
    /// In `worker.js`: score, power of ten, and a warning or nothing.
    #[wasm_bindgen(catch, js_name = huisEstimate)]
    async fn estimate_there(password: &str, about: js_sys::Array) -> Result<JsValue, JsValue>;
}

/// An estimate for whoever knows what the password may be `about`.
///
/// # Errors
/// [`Failure::Invalid`] where the module can't be had: there is no network, or this page is older than what the server has.
pub(crate) async fn estimate(password: &Secret, about: &[&str]) -> Result<Estimate, Failure> {
    let about = about.iter().map(|word| JsValue::from_str(word)).collect();
    let asked = std::pin::pin!(estimate_there(password.expose(), about));
    let answer = match select(asked, timer::sleep(PATIENCE)).await {
        Either::Left((answer, _)) => answer.map_err(|_| not_fetched())?,
        Either::Right(_) => return Err(not_fetched()),
    };
    let answer = js_sys::Array::from(&answer);
    // What is no number is an answer of something else, and no password passes by it.
    let score = answer.get(0).as_f64().ok_or_else(not_fetched)?;
    let guesses_log10 = answer.get(1).as_f64().ok_or_else(not_fetched)?;
    Ok(Estimate { score: score as u8, guesses_log10, warning: answer.get(2).as_string() })
}

fn not_fetched() -> Failure {
    Failure::Invalid {
        reason: "what judges passwords could not be fetched; load the app anew, and try again".to_owned(),
    }
}

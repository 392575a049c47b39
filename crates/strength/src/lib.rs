//! How hard a password is to guess, as a module of its own for the browser: its lists of words are large, and needed only
//! where somebody chooses a password. Everywhere else the engine asks `zxcvbn` itself.

#![cfg(target_family = "wasm")]

use wasm_bindgen::prelude::*;
use zeroize::Zeroizing;

/// The score (0 to 4), how many guesses it takes as a power of ten, and what makes it weak, if that can be said in a
/// sentence. `about` is what whoever guesses knows.
#[wasm_bindgen]
#[expect(clippy::needless_pass_by_value, reason = "JavaScript gives a list of its own")]
pub fn estimate(password: String, about: Vec<String>) -> Vec<JsValue> {
    let password = Zeroizing::new(password);
    let about: Vec<&str> = about.iter().map(String::as_str).collect();
    let estimate = zxcvbn::zxcvbn(&password, &about);
    let warning = estimate.feedback().and_then(zxcvbn::feedback::Feedback::warning);
    let warning = warning.map_or(JsValue::UNDEFINED, |warning| warning.to_string().into());
    vec![u8::from(estimate.score()).into(), estimate.guesses_log10().into(), warning]
}

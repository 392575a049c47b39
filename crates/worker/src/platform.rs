//! What `worker.js` lends.

use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// The object of that name in `worker.js`.
    pub type Platform;

    /// What is kept of this device; `undefined` for nothing.
    #[wasm_bindgen(method, catch)]
    pub(crate) async fn load(this: &Platform) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) async fn keep(
        this: &Platform,
        key: js_sys::Uint8Array,
        sealed: JsValue,
        username: JsValue,
        stays: bool,
        attended_at: f64,
    ) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) async fn lock(
        this: &Platform,
        sealed: js_sys::Uint8Array,
        username: JsValue,
        stays: bool,
    ) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) async fn attended(this: &Platform, at: f64) -> Result<JsValue, JsValue>;

    /// Destroys the key; what is kept then says that the database is to go as well.
    #[wasm_bindgen(method, catch, js_name = giveUp)]
    pub(crate) async fn give_up(this: &Platform) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) async fn forget(this: &Platform) -> Result<JsValue, JsValue>;

    /// Whether this tab has the database now; waits for it at most `patience` milliseconds.
    #[wasm_bindgen(method, catch)]
    pub(crate) async fn hold(this: &Platform, patience: f64) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method)]
    pub(crate) fn release(this: &Platform);

    #[wasm_bindgen(method)]
    pub(crate) fn ask(this: &Platform);

    #[wasm_bindgen(method, js_name = whenAsked)]
    pub(crate) fn when_asked(this: &Platform, act: &Closure<dyn FnMut()>);
}

/// What a browser said of a failure, in its words.
pub(crate) fn said(error: &JsValue) -> String {
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => format!("{}: {}", error.name(), error.message()),
        None => error.as_string().unwrap_or_else(|| format!("{error:?}")),
    }
}

//! Files: what is chosen or spoken to be sent, and what becomes of those that messages bring. What the browser does for it is in
//! `files.js`.

mod chosen;
mod fetched;
mod spoken;

use std::cell::OnceCell;

use wasm_bindgen::prelude::*;

use crate::app::App;

pub(crate) use chosen::{Chosen, standing, tray};
pub(crate) use fetched::{Way, Ways, look, state};
pub(crate) use spoken::{Note, NoteStanding};

#[wasm_bindgen]
extern "C" {
    /// What `files.js` makes.
    pub type Files;

    #[wasm_bindgen(method)]
    fn listen(this: &Files, act: &Closure<dyn FnMut(String, String, f64)>, tell: &Closure<dyn FnMut(String, f64)>);

    #[wasm_bindgen(method)]
    fn records(this: &Files) -> bool;

    #[wasm_bindgen(method, catch)]
    async fn record(this: &Files) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, js_name = endNote)]
    fn end_note(this: &Files, why: &str);

    #[wasm_bindgen(method, catch, js_name = copyNote)]
    async fn copy_note(this: &Files) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, js_name = dropNote)]
    fn drop_note(this: &Files);

    #[wasm_bindgen(method, catch)]
    async fn picture(this: &Files, path: &str, most: u32) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method)]
    fn plays(this: &Files) -> bool;

    #[wasm_bindgen(method)]
    fn drop(this: &Files, path: &str);

    #[wasm_bindgen(method, catch)]
    async fn save(this: &Files, message: &str, number: u32, name: &str, size: f64) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, js_name = readsCodes)]
    fn reads_codes(this: &Files) -> bool;

    #[wasm_bindgen(method, catch, js_name = codeIn)]
    async fn code_in(this: &Files, input: &JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method)]
    fn look(this: &Files, button: &JsValue, words: &str) -> JsValue;
}

thread_local! {
    static FILES: OnceCell<JsValue> = const { OnceCell::new() };
}

/// What `files.js` made.
fn browser() -> Option<Files> {
    FILES.with(|files| files.get().cloned()).map(JsCast::unchecked_into)
}

/// Whether sound and film play in place.
pub(crate) fn plays() -> bool {
    browser().is_some_and(|browser| browser.plays())
}

/// Whether this browser records sound.
pub(crate) fn records() -> bool {
    browser().is_some_and(|browser| browser.records())
}

/// Whether this browser reads QR codes.
pub(crate) fn reads_codes() -> bool {
    browser().is_some_and(|browser| browser.reads_codes())
}

/// What the code in the picture says that was taken or chosen there, where there is one.
pub(crate) async fn code_in(input: &JsValue) -> Option<String> {
    browser()?.code_in(input).await.ok()?.as_string()
}

/// Takes what `files.js` made, and hears of what is chosen, dropped and pasted.
pub(crate) fn listen(app: App, files: JsValue) {
    FILES.with(|kept| {
        let _ = kept.set(files);
    });
    let heard = Closure::new(move |path: String, text: String, number: f64| app.chosen(path, text, number));
    let told = Closure::new(move |word: String, ms: f64| app.note_told(&word, ms));
    if let Some(files) = browser() {
        files.listen(&heard, &told);
    }
    // They listen as long as there is a page.
    heard.forget();
    told.forget();
}

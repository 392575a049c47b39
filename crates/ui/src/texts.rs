//! The files of the page's texts: one a language, and only the one that is spoken is loaded.

use std::cell::RefCell;

use huis_texts::Language;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::JsValue;
use wasm_bindgen_futures::JsFuture;

thread_local! {
    static LOAD: RefCell<Option<js_sys::Function>> = const { RefCell::new(None) };
}

/// Takes what loads a language's file, by its tag.
pub(crate) fn set_load(load: js_sys::Function) {
    LOAD.with(|kept| *kept.borrow_mut() = Some(load));
}

/// How `boot.js` calls a language.
pub(crate) fn tag(language: Language) -> &'static str {
    match language {
        Language::English => "en",
        Language::French => "fr",
    }
}

/// A language's file.
///
/// # Errors
/// Why it did not come, in the browser's words.
pub(crate) async fn of(language: Language) -> Result<String, String> {
    let load = LOAD.with(|kept| kept.borrow().clone()).ok_or("nothing loads texts")?;
    let asked = load.call1(&JsValue::NULL, &JsValue::from_str(tag(language))).map_err(|error| said(&error))?;
    let asked: js_sys::Promise = asked.dyn_into().map_err(|_| "no promise of texts")?;
    let file = JsFuture::from(asked).await.map_err(|error| said(&error))?;
    file.as_string().ok_or_else(|| "texts that are none".to_owned())
}

fn said(error: &JsValue) -> String {
    error.dyn_ref::<js_sys::Error>().map(|error| String::from(error.message())).unwrap_or_default()
}

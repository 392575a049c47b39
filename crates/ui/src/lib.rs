//! The web app's face. It runs on the page; the engine and its database are in the worker behind it ([`port`]).
//!
//! For tests the page has these hooks, which stay as they are:
//!
//! * `data-view`: `entry`, `opening`, `app`, `list`, `talk`, `timeline`, `composer`, `details`, `requests`, `archive`,
//!   `found`, `strip`, `update`, `typing`, `closed`, `contact`, `tray`, `voice`, `later`, `later-form`, `locks-waiting`, `locks-over`,
//!   `viewer`, `menu`, `settings`, `password-form`, `toast`.
//! * `data-state` of an entry: `welcome`, `register`, `sign-in`, `sign-in-again`, `recover`, `recovery-key`, `locked`,
//!   `elsewhere`, `taken-over`, `lost`, `gone`, `insecure`, `no-files`, `newer-version`, `unable`, `ended`; of a list or a timeline:
//!   `loading`, `ready`; of a message: `received`, `waiting`, `sent`, `delivered`, `read`, `failed`; of the strip:
//!   `offline`, `joining`, `catching-up`, `hindered`; of the composer: `plain`, `reply`, `edit`; of the bar of a voice note: `none`,
//!   `asking`, `recording`, `ended`, `sending`.
//! * `data-pane` of the app: `list`, `talk`, `details`, the pane that a phone shows.
//! * The timeline has `data-conversation`, its id; messages are `#m-ID` with `data-position`; the fields of the entry `#username`, `#password`, `#admission`,
//!   `#recovery-key`; the composer's `#composer-text`; the list's `#search-field`; `#later-date` and
//!   `#later-time`.
//! * All buttons have accessible names, in the language of the page.

mod app;
mod composer;
mod dates;
mod dialogs;
mod entry;
mod files;
mod keys;
mod list;
mod markdown;
mod notify;
mod page;
mod parts;
mod people;
mod picture;
mod port;
mod pushes;
mod say;
mod settings;
mod shell;
mod signals;
mod texts;
mod timeline;
mod updates;

use huis_texts::Language;
use leptos::mount::mount_to;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::{HtmlElement, Worker};

/// Takes the worker that the page started and what it said before anybody listened; the language with its texts and what
/// loads those of others; what makes pictures small; what the page does with files. Shows the app.
#[wasm_bindgen]
pub fn start(
    worker: Worker,
    early: js_sys::Array,
    language: &str,
    texts: &str,
    load_texts: js_sys::Function,
    shrink: js_sys::Function,
    files: wasm_bindgen::JsValue,
) {
    let language = Language::of_tag(language).unwrap_or_default();
    say::speak(language, texts);
    texts::set_load(load_texts);
    picture::set_shrink(shrink);
    // After a fault nothing on the page can be relied on: it says so, and loads anew.
    std::panic::set_hook(Box::new(|fault| {
        console_error_panic_hook::hook(fault);
        if let Some(body) = web_sys::window().and_then(|window| window.document()).and_then(|page| page.body()) {
            let _ = body.set_attribute("data-state", "broken");
        }
    }));
    let Some(place) = page::element("huis").and_then(|place| place.dyn_into::<HtmlElement>().ok()) else { return };
    // What stood there before there was an app.
    place.set_text_content(None);
    mount_to(place, move || {
        let app = app::App::new(language);
        port::attach(worker.clone(), &early, move |said| app.hear(said));
        app.tick();
        keys::listen(app);
        updates::watch(app);
        notify::listen(app);
        files::listen(app, files.clone());
        shell::shell(app)
    })
    .forget();
}

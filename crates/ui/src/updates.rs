//! The service worker: it makes the app open offline, and brings newer versions.
//!
//! A browser looks for a newer one by itself when a page is loaded. Who has the app open for weeks loads none, so the page asks
//! the browser to look: when one comes back to it, when the server was away, and now and then.

use std::cell::Cell;

use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::{ServiceWorkerContainer, ServiceWorkerRegistration, ServiceWorkerState};

use crate::app::App;
use crate::{dates, page};

/// What the service worker that waits is told, for it to take over from the one before.
const TAKE_OVER: &str = "take over";
/// How often a newer version is looked for while nothing happens, in milliseconds.
pub(crate) const EVERY: i32 = 4 * 3_600_000;
/// Whatever happens, it is looked for once in such a time at most, in milliseconds.
const AT_MOST: u64 = 10 * 60_000;

thread_local! {
    static LOOKED_MS: Cell<u64> = const { Cell::new(0) };
    static WAS_CONNECTED: Cell<bool> = const { Cell::new(false) };
}

pub(crate) fn container() -> Option<ServiceWorkerContainer> {
    let navigator = page::window().navigator();
    let has_one = js_sys::Reflect::has(&navigator, &JsValue::from_str("serviceWorker")).unwrap_or(false);
    has_one.then(|| navigator.service_worker())
}

/// The service worker, once it works. Where a browser has none for this page that is never.
async fn registration() -> Option<ServiceWorkerRegistration> {
    JsFuture::from(container()?.ready().ok()?).await.ok()?.dyn_into().ok()
}

/// The service worker that works now, if one does.
pub(crate) async fn working() -> Option<ServiceWorkerRegistration> {
    let found: ServiceWorkerRegistration =
        JsFuture::from(container()?.get_registration()).await.ok()?.dyn_into().ok()?;
    found.active().map(|_| found)
}

/// The service worker, once it works, if there is one.
pub(crate) async fn installed() -> Option<ServiceWorkerRegistration> {
    let found = JsFuture::from(container()?.get_registration()).await.ok()?;
    if found.is_undefined() { None } else { registration().await }
}

/// Notices when a newer version of the app is ready. `boot.js` registers the service worker.
pub(crate) fn watch(app: App) {
    spawn_local(async move {
        let Some(registration) = registration().await else { return };
        if registration.waiting().is_some() {
            app.has_update.set(true);
        }
        let found = registration.clone();
        page::on(registration.unchecked_ref(), "updatefound", move |_| {
            let Some(coming) = found.installing() else { return };
            let state = coming.clone();
            page::on(coming.unchecked_ref(), "statechange", move |_| {
                let has_other = container().is_some_and(|container| container.controller().is_some());
                if has_other && state.state() == ServiceWorkerState::Installed {
                    app.has_update.set(true);
                }
            });
        });
    });
}

/// Looks for a newer version, where the last look was a while ago. One that is there is then fetched, and [`watch`] says so.
pub(crate) fn ask() {
    let now_ms = dates::now_ms();
    // A clock may also be set back.
    if LOOKED_MS.get().abs_diff(now_ms) < AT_MOST {
        return;
    }
    LOOKED_MS.set(now_ms);
    spawn_local(async {
        let looked = async { JsFuture::from(working().await?.update().ok()?).await.ok() };
        // Without a network nothing was seen.
        if looked.await.is_none() {
            LOOKED_MS.set(0);
        }
    });
}

/// The connection to the server stands. Where it stood before, the server may be another one since.
pub(crate) fn connected() {
    if WAS_CONNECTED.replace(true) {
        ask();
    }
}

/// Loads the newer version.
pub(crate) fn load() {
    let Some(container) = container() else { return page::reload() };
    page::on(container.unchecked_ref(), "controllerchange", |_| page::reload());
    spawn_local(async move {
        match registration().await.and_then(|registration| registration.waiting()) {
            Some(waiting) => {
                let _ = waiting.post_message(&JsValue::from_str(TAKE_OVER));
            }
            None => page::reload(),
        }
    });
}

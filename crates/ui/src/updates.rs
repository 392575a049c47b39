//! The service worker: it makes the app open offline, and brings newer versions.

use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::{ServiceWorkerContainer, ServiceWorkerRegistration, ServiceWorkerState};

use crate::app::App;
use crate::page;

/// What the service worker that waits is told, for it to take over from the one before.
const TAKE_OVER: &str = "take over";

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

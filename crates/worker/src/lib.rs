//! The engine inside the browser's dedicated worker: takes the page's questions, and sees to who has the database, where
//! its key lies, when it is locked, and what happens where the browser lost it.

#![cfg(target_family = "wasm")]

mod device;
mod hand;
mod keeper;
mod page;
mod platform;

use tokio::sync::mpsc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;

use self::keeper::{Input, Keeper};
use self::page::Page;
use self::platform::Platform;

/// What may wait to be looked at. Each page waits for its answers, so this is far more than there are.
const INPUTS: usize = 1024;

/// Begins, with what the page said before the module was there.
///
/// # Errors
/// Where this is no dedicated worker.
#[wasm_bindgen]
pub fn start(platform: Platform, waiting: js_sys::Array) -> Result<(), JsValue> {
    console_error_panic_hook::set_once();
    let (tell, inputs) = mpsc::channel(INPUTS);
    let page = Page::new()?;
    page.listen(waiting, tell.clone());
    let asked = Closure::<dyn FnMut()>::new(move || {
        // With so much waiting this one is not missed: the other tab asks again.
        let _ = tell.try_send(Input::AskedToLetGo);
    });
    platform.when_asked(&asked);
    // As long as the worker lives.
    asked.forget();
    spawn_local(Keeper::new(page, platform, inputs).live());
    Ok(())
}

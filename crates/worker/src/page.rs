//! The page on the other side.

use huis_views::{FromWorker, Standing, ToWorker};
use tokio::sync::mpsc;
use wasm_bindgen::prelude::*;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

use crate::hand::Hand;
use crate::keeper::Input;

/// Speaks to the page.
#[derive(Clone)]
pub(crate) struct Page(DedicatedWorkerGlobalScope);

impl Page {
    pub(crate) fn new() -> Result<Self, JsValue> {
        js_sys::global().dyn_into().map(Self).map_err(|_| "this is no dedicated worker".into())
    }

    pub(crate) fn say(&self, message: &FromWorker) {
        match serde_json::to_string(message) {
            // The only failure is a page that is gone, and with it this worker.
            Ok(text) => drop(self.0.post_message(&JsValue::from_str(&text))),
            Err(error) => panic!("an answer can't be written: {error}"),
        }
    }

    pub(crate) fn standing(&self, standing: Standing) {
        self.say(&FromWorker::Standing(standing));
    }

    /// Passes on what the page says, `waiting` first.
    pub(crate) fn listen(&self, waiting: js_sys::Array, tell: mpsc::Sender<Input>) {
        let hear = move |data: &JsValue| {
            let Some(text) = data.as_string() else {
                let _ = tell.try_send(Input::Hand(Hand::of(data.clone())));
                return;
            };
            match serde_json::from_str::<ToWorker>(&text) {
                Ok(said) => {
                    // A page that says more than a thousand things without waiting is none of ours.
                    let _ = tell.try_send(Input::Page(said));
                }
                // Without its words: there may be a password among them.
                Err(error) => panic!("the page said something unknown, at column {}", error.column()),
            }
        };
        waiting.iter().for_each(|data| hear(&data));
        let listener = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| hear(&event.data()));
        self.0.set_onmessage(Some(listener.as_ref().unchecked_ref()));
        // As long as the worker lives.
        listener.forget();
    }
}

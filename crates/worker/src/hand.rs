//! What the page hands over that is no text: files that a person chose, and questions for bytes of files.
//!
//! Each is an object with a `port` for what comes of it: numbers while a file is copied, and `true` at its end; bytes; or a
//! [`Failure`] as JSON.
//!
//! * `{take, file, port}`: copies a file under this name;
//! * `{drop}`: that one is needed for its transfers alone;
//! * `{read, port}`: reads what `read`, the JSON of a [`ReadFile`], names.

use huis_engine::Handle;
use huis_engine::web::OwnFiles;
use huis_views::{Command, Failure, ReadFile, Reply};
use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{File, MessagePort};

/// One of them.
pub(crate) struct Hand(JsValue);

impl Hand {
    pub(crate) fn of(data: JsValue) -> Self {
        Self(data)
    }

    fn field(&self, name: &str) -> JsValue {
        Reflect::get(&self.0, &name.into()).unwrap_or(JsValue::UNDEFINED)
    }

    fn answer(&self, answer: &JsValue) {
        if let Ok(port) = self.field("port").dyn_into::<MessagePort>() {
            // Who does not listen any more misses nothing.
            let _ = port.post_message(answer);
        }
    }

    /// It can't be done.
    pub(crate) fn refuse(&self, failure: &Failure) {
        if let Ok(text) = serde_json::to_string(failure) {
            self.answer(&text.into());
        }
    }

    /// Does what is asked.
    pub(crate) async fn carry_out(self, handle: Handle, files: OwnFiles) {
        if let Some(name) = self.field("drop").as_string() {
            files.let_go(&name);
        } else if let (Some(name), Ok(file)) = (self.field("take").as_string(), self.field("file").dyn_into::<File>()) {
            match files.take(&name, &file, |at| self.answer(&at.into())).await {
                Ok(()) => self.answer(&JsValue::TRUE),
                Err(fault) => self.refuse(&Failure::File { name: file.name(), reason: fault.to_string() }),
            }
        } else if let Some(asked) = self.field("read").as_string() {
            match read(&handle, &asked).await {
                Ok(bytes) => self.answer(&Uint8Array::from(bytes.as_slice())),
                Err(failure) => self.refuse(&failure),
            }
        }
    }
}

async fn read(handle: &Handle, asked: &str) -> Result<Vec<u8>, Failure> {
    let wish: ReadFile =
        serde_json::from_str(asked).map_err(|error| Failure::Internal { reason: error.to_string() })?;
    match handle.command(Command::ReadFile(wish)).await? {
        Reply::FileBytes(bytes) => Ok(bytes.0),
        _ => Err(Failure::Internal { reason: "no bytes in the answer".into() }),
    }
}

//! Pictures that people show of themselves: PNG, JPEG or WebP, and small. The page makes them small before they are sent.

use std::cell::RefCell;
use std::collections::HashMap;

use huis_proto::AccountId;
use huis_views::{Command, Reply};
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::JsValue;
use wasm_bindgen_futures::JsFuture;

use crate::signals::ArcRwSignal;
use crate::{page, port};

/// The most bytes of a picture.
const MOST: usize = 32_768;

/// Of how many people the pictures are kept at hand.
const KEPT: usize = 512;

type Shown = ArcRwSignal<Option<String>>;

thread_local! {
    static SHOWN: RefCell<HashMap<AccountId, Shown>> = RefCell::new(HashMap::new());
    static SHRINK: RefCell<Option<js_sys::Function>> = const { RefCell::new(None) };
}

/// Takes what makes a picture small: from a file to bytes, in the page's own language.
pub(crate) fn set_shrink(shrink: js_sys::Function) {
    SHRINK.with(|kept| *kept.borrow_mut() = Some(shrink));
}

/// The file as a small picture; none where it is no picture.
pub(crate) async fn shrink(file: &web_sys::File) -> Option<Vec<u8>> {
    let shrink = SHRINK.with(|kept| kept.borrow().clone())?;
    let asked: js_sys::Promise = shrink.call1(&JsValue::NULL, file).ok()?.dyn_into().ok()?;
    let bytes: js_sys::Uint8Array = JsFuture::from(asked).await.ok()?.dyn_into().ok()?;
    let bytes = bytes.to_vec();
    (kind(&bytes).is_some() && bytes.len() <= MOST).then_some(bytes)
}

/// The address of somebody's picture, once it is known that they show one. It is asked for once, whoever draws it.
pub(crate) fn of(account: AccountId) -> Shown {
    SHOWN.with(|shown| {
        let mut shown = shown.borrow_mut();
        if let Some(known) = shown.get(&account) {
            return known.clone();
        }
        // What is drawn keeps its own.
        if shown.len() >= KEPT {
            shown.clear();
        }
        let fresh = Shown::new(None);
        shown.insert(account, fresh.clone());
        read(account, fresh.clone());
        fresh
    })
}

fn read(account: AccountId, into: Shown) {
    spawn_local(async move {
        let Ok(Reply::Card(card)) = port::ask(Command::CardOf { account }).await else { return };
        let found = card.picture.as_deref().and_then(source);
        if into.with_untracked(|shown| *shown != found) {
            into.set(found);
        }
    });
}

/// Somebody may show another one.
pub(crate) fn changed(account: AccountId) {
    if let Some(known) = SHOWN.with(|shown| shown.borrow().get(&account).cloned()) {
        read(account, known);
    }
}

/// Nothing of anybody stays.
pub(crate) fn forget() {
    SHOWN.with(|shown| shown.borrow_mut().clear());
}

/// What kind of picture it is, by its first bytes. Nothing else is ever shown as one.
fn kind(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

/// The picture, if it is one.
pub(crate) fn picture(bytes: &[u8]) -> Option<AnyView> {
    Some(html::img().class("avatar huge").src(source(bytes)?).alt("").into_any())
}

/// The address of a small picture, which holds all of it.
pub(crate) fn source(bytes: &[u8]) -> Option<String> {
    let kind = kind(bytes).filter(|_| bytes.len() <= MOST)?;
    let letters: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    let text = page::window().btoa(&letters).ok()?;
    Some(format!("data:{kind};base64,{text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pictures_are_shown_as_pictures() {
        assert_eq!(kind(b"\x89PNG\r\n"), Some("image/png"));
        assert_eq!(kind(&[0xff, 0xd8, 0xff, 0xe0]), Some("image/jpeg"));
        assert_eq!(kind(b"RIFF\0\0\0\0WEBPVP8"), Some("image/webp"));
        assert_eq!(kind(b"<svg onload=alert(1)>"), None);
        assert_eq!(kind(b""), None);
    }
}

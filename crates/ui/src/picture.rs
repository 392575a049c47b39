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

/// The most pixels on a side: a few bytes can be a picture of many more, and what is drawn is decoded whole.
const SIDE: usize = 2048;

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
        if shown.len() >= KEPT
            && let Some(other) = shown.keys().next().copied()
        {
            shown.remove(&other);
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

/// Whether its measures are known and small.
fn is_small(bytes: &[u8]) -> bool {
    imagesize::blob_size(bytes).is_ok_and(|size| size.width <= SIDE && size.height <= SIDE)
}

/// The picture, if it is one.
pub(crate) fn picture(bytes: &[u8]) -> Option<AnyView> {
    Some(html::img().class("avatar huge").src(source(bytes)?).alt("").into_any())
}

/// The address of a small picture, which holds all of it.
pub(crate) fn source(bytes: &[u8]) -> Option<String> {
    let kind = kind(bytes).filter(|_| bytes.len() <= MOST && is_small(bytes))?;
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

    #[test]
    fn a_picture_of_few_bytes_and_many_pixels_is_not_drawn() {
        let png = |width: u32, height: u32| {
            let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
            bytes.extend(width.to_be_bytes().into_iter().chain(height.to_be_bytes()).chain([8, 2, 0, 0, 0]));
            bytes
        };
        let webp = |side: u32| {
            // Extended, RFC 9649, section 2.7: 24 bits for each measure less one.
            let mut bytes = b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0".to_vec();
            bytes.extend((side - 1).to_le_bytes()[..3].iter().chain(&(side - 1).to_le_bytes()[..3]));
            bytes
        };
        assert!(is_small(&png(2048, 2048)) && is_small(&webp(2048)));
        for large in [png(2049, 1), png(1, 2049), png(u32::MAX, u32::MAX), webp(2049), b"\x89PNG\r\n\x1a\n".to_vec()] {
            assert!(kind(&large).is_some() && !is_small(&large));
        }
    }
}

//! What is done to the page itself: elements by name, focus, timers, what the browser keeps and copies.

use std::cell::RefCell;
use std::time::Duration;

use leptos::prelude::{TimeoutHandle, set_timeout_with_handle};
use wasm_bindgen::prelude::{Closure, JsValue};
use wasm_bindgen::{JsCast, UnwrapThrowExt};
use web_sys::{Document, Element, HtmlElement, Window};

thread_local! {
    static BEFORE: RefCell<Option<HtmlElement>> = const { RefCell::new(None) };
}

pub(crate) fn window() -> Window {
    web_sys::window().expect_throw("a page has a window")
}

pub(crate) fn document() -> Document {
    window().document().expect_throw("a window has a document")
}

pub(crate) fn element(id: &str) -> Option<Element> {
    document().get_element_by_id(id)
}

/// Takes what is behind the `#` out of the address.
pub(crate) fn clear_hash() {
    if let Ok(history) = window().history() {
        let place = window().location().pathname().unwrap_or_else(|_| "/".to_owned());
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&place));
    }
}

/// What the address says of this behind its `#`, as in `#name=value`; it is taken out.
pub(crate) fn take_from_hash(name: &str) -> Option<String> {
    let hash = window().location().hash().ok()?;
    let value = hash.strip_prefix('#')?.strip_prefix(name)?.strip_prefix('=')?.to_owned();
    clear_hash();
    Some(value)
}

/// Puts the focus on an element, once the page shows what was changed last.
pub(crate) fn focus_soon(id: &'static str) {
    after(0, move || {
        focus(id);
    });
}

pub(crate) fn focus(id: &str) -> bool {
    let found = element(id).and_then(|element| element.dyn_into::<HtmlElement>().ok());
    found.is_some_and(|element| element.focus().is_ok())
}

/// Remembers what has the focus, to come back to it when a dialog closes.
pub(crate) fn remember_focus() {
    let active = document().active_element().and_then(|element| element.dyn_into::<HtmlElement>().ok());
    let active =
        active.filter(|element| element.tag_name() != "BODY" && element.closest("dialog").ok().flatten().is_none());
    if let Some(active) = active {
        BEFORE.with(|before| *before.borrow_mut() = Some(active));
    }
}

/// Comes back to what had the focus, if it is still there, and if nobody has gone elsewhere meanwhile: what one types
/// would go astray.
pub(crate) fn restore_focus() {
    let before = BEFORE.with(|before| before.borrow_mut().take());
    let is_elsewhere = document().active_element().is_some_and(|element| element.tag_name() != "BODY");
    if let Some(element) = before.filter(|element| !is_elsewhere && element.is_connected()) {
        let _ = element.focus();
    }
}

/// Does something later, in milliseconds.
pub(crate) fn after(ms: u64, work: impl FnOnce() + 'static) -> Option<TimeoutHandle> {
    set_timeout_with_handle(work, Duration::from_millis(ms)).ok()
}

/// Lets the browser draw, and answer to who uses it, before work goes on.
pub(crate) async fn breathe() {
    let asked = js_sys::Promise::new(&mut |resolve, _| {
        let _ = window().set_timeout_with_callback(&resolve);
    });
    let _ = wasm_bindgen_futures::JsFuture::from(asked).await;
}

/// Does something again and again, as long as there is a page.
pub(crate) fn every(ms: i32, work: impl FnMut() + 'static) {
    let closure = Closure::<dyn FnMut()>::new(work);
    let _ = window().set_interval_with_callback_and_timeout_and_arguments_0(closure.as_ref().unchecked_ref(), ms);
    closure.forget();
}

/// Listens as long as there is a page.
pub(crate) fn on(target: &web_sys::EventTarget, name: &str, work: impl FnMut(web_sys::Event) + 'static) {
    let closure = Closure::<dyn FnMut(web_sys::Event)>::new(work);
    let _ = target.add_event_listener_with_callback(name, closure.as_ref().unchecked_ref());
    closure.forget();
}

/// Whether somebody may be looking at the page.
pub(crate) fn is_visible() -> bool {
    document().visibility_state() == web_sys::VisibilityState::Visible
}

/// Whether the page has the keyboard.
pub(crate) fn is_attended() -> bool {
    is_visible() && document().has_focus().unwrap_or(false)
}

/// Whether a media query holds.
pub(crate) fn matches(query: &str) -> bool {
    window().match_media(query).ok().flatten().is_some_and(|list| list.matches())
}

/// Whether one pane is shown at a time.
pub(crate) fn is_narrow() -> bool {
    matches("(max-width: 799px)")
}

/// Whether a finger points, so that there is no key for a new line beside that for sending.
pub(crate) fn is_touched() -> bool {
    matches("(hover: none) and (pointer: coarse)")
}

/// What the browser keeps for the page: the language, the theme, and whether one wishes to be called; nothing else.
pub(crate) fn kept(key: &str) -> Option<String> {
    window().local_storage().ok().flatten()?.get_item(key).ok().flatten()
}

pub(crate) fn keep(key: &str, value: Option<&str>) {
    if let Some(storage) = window().local_storage().ok().flatten() {
        let _ = match value {
            Some(value) => storage.set_item(key, value),
            None => storage.remove_item(key),
        };
    }
}

/// How long the mark that somebody is signed in here stays without a visit, in seconds: longer no browser keeps one.
const MARKED: u32 = 400 * 24 * 3600;

/// Marks that somebody is signed in here, or takes the mark away.
///
/// A browser that makes room throws away all of an origin's storage at once: files, IndexedDB, caches, service worker, and
/// `localStorage` with them in Firefox and Safari. Cookies stay, so that a page which finds nothing knows whether there was
/// something. This one has no content; its name has the port, for cookies are shared by all ports of a machine.
pub(crate) fn mark(is_in: bool) {
    let age = if is_in { MARKED } else { 0 };
    let mark = format!("{}=; Max-Age={age}; Path=/; Secure; SameSite=Strict", mark_name());
    let _ = js_sys::Reflect::set(&document(), &"cookie".into(), &mark.into());
}

/// Whether somebody was signed in here and did not sign out.
pub(crate) fn is_marked() -> bool {
    let name = mark_name();
    let all =
        js_sys::Reflect::get(&document(), &"cookie".into()).ok().and_then(|all| all.as_string()).unwrap_or_default();
    // One without a content is written with or without its sign of equality.
    all.split(';').any(|one| one.trim().trim_end_matches('=') == name)
}

fn mark_name() -> String {
    format!("__Host-huis-here{}", window().location().port().unwrap_or_default())
}

/// Asks the browser to keep what is stored here also when space is short. Some ask the person.
pub(crate) fn keep_storage() {
    let _ = window().navigator().storage().persist();
}

/// Puts a text on the clipboard.
pub(crate) fn copy(text: &str) {
    let _ = window().navigator().clipboard().write_text(text);
}

/// Offers a text as a file.
pub(crate) fn download(name: &str, text: &str) {
    let parts = js_sys::Array::of1(&JsValue::from_str(text));
    let Ok(blob) = web_sys::Blob::new_with_str_sequence(&parts) else { return };
    let Ok(url) = web_sys::Url::create_object_url_with_blob(&blob) else { return };
    if let Some(link) =
        document().create_element("a").ok().and_then(|link| link.dyn_into::<web_sys::HtmlAnchorElement>().ok())
    {
        link.set_href(&url);
        link.set_download(name);
        link.click();
    }
    after(10_000, move || {
        let _ = web_sys::Url::revoke_object_url(&url);
    });
}

/// Sets a custom property of an element's style.
pub(crate) fn set_property(element: &Element, name: &str, value: &str) {
    if let Some(element) = element.dyn_ref::<HtmlElement>() {
        let _ = element.style().set_property(name, value);
    }
}

/// Sets such a property to so many whole pixels.
pub(crate) fn set_pixels(element: &Element, name: &str, pixels: f64) {
    set_property(element, name, &format!("{}px", pixels.round() as i32));
}

/// A text in small letters, as the browser has them: tables of one's own for every script are 2 % of the page's module.
pub(crate) fn small_letters(text: &str) -> String {
    js_sys::JsString::from(text).to_lower_case().into()
}

/// The text in small letters, and without the marks above and below them.
pub(crate) fn plain_letters(text: &str) -> String {
    let parted: String = js_sys::JsString::from(small_letters(text)).normalize("NFD").into();
    let parted: String = parted.chars().filter(|character| !matches!(character, '\u{300}'..='\u{36f}')).collect();
    parted.replace('œ', "oe")
}

/// A text in capital letters, as the browser has them.
pub(crate) fn capital_letters(text: &str) -> String {
    js_sys::JsString::from(text).to_upper_case().into()
}

/// Loads the page anew.
pub(crate) fn reload() {
    let _ = window().location().reload();
}

//! Keys that work everywhere.

use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent, MouseEvent};

use crate::app::{App, Gate};
use crate::dialogs::Overlay;
use crate::page;

/// The keys of the shortcut sheet: the keys, and the key of what they do.
pub(crate) const SHEET: [(&str, &[(&str, &str)]); 4] = [
    (
        "help-everywhere",
        &[
            ("Ctrl K", "shortcut-search"),
            ("Alt ↑ ↓", "help-next"),
            ("Alt ⇧ ↓", "help-unread"),
            ("Alt I", "help-details"),
            ("Alt N", "shortcut-begin"),
            ("Alt ,", "settings-title"),
            ("F6", "shortcut-panes"),
            ("?", "shortcut-sheet"),
        ],
    ),
    (
        "help-writing",
        &[
            ("↵", "help-send"),
            ("⇧ ↵", "help-line"),
            ("↑", "shortcut-edit-last"),
            ("@", "shortcut-mention"),
            (":", "shortcut-emoji"),
            ("Alt L", "shortcut-later"),
            ("Alt V", "shortcut-voice"),
            ("Esc", "shortcut-to-messages"),
        ],
    ),
    (
        "shortcut-on-message",
        &[
            ("↑ ↓", "help-select"),
            ("↵", "shortcut-menu"),
            ("R", "help-reply"),
            ("+", "help-react"),
            ("E", "help-edit"),
            ("D", "help-delete"),
            ("P", "help-pin"),
            ("F", "help-forward"),
            ("C", "help-copy"),
            ("I", "help-receipts"),
            ("Q", "help-quoted"),
        ],
    ),
    ("help-list", &[("↑ ↓", "shortcut-move"), ("↵", "help-open"), ("⇧ F10", "shortcut-menu")]),
];

/// Whether a key means something else than itself.
pub(crate) fn has_modifier(event: &KeyboardEvent) -> bool {
    event.ctrl_key() || event.alt_key() || event.meta_key()
}

/// Whether the browser's own menu serves better here: on a link, or with text selected.
pub(crate) fn is_for_browser(event: &MouseEvent) -> bool {
    let is_link = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok())
        .is_some_and(|element| element.closest("a").ok().flatten().is_some());
    let selection = page::window().get_selection().ok().flatten();
    let has_selection = selection.is_some_and(|selection| !selection.is_collapsed());
    is_link || has_selection
}

fn is_writing(event: &KeyboardEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|element| matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT"))
}

/// Listens as long as there is a page.
pub(crate) fn listen(app: App) {
    page::on(&page::document(), "keydown", move |event| {
        if let Some(event) = event.dyn_ref::<KeyboardEvent>() {
            on_key(app, event);
        }
    });
}

fn on_key(app: App, event: &KeyboardEvent) {
    let is_free = app.overlay.with_untracked(Option::is_none) && app.confirm.with_untracked(Option::is_none);
    let is_in = app.gate.with_untracked(|gate| *gate == Gate::In);
    if event.default_prevented() || !is_free || !is_in {
        return;
    }
    let (control, alt, shift) = (event.ctrl_key() || event.meta_key(), event.alt_key(), event.shift_key());
    match event.key().as_str() {
        "k" if control && !alt => crate::list::search_for(app, String::new()),
        "ArrowUp" if alt && !control => app.open_beside(true),
        "ArrowDown" if alt && shift && !control => app.open_unread(),
        "ArrowDown" if alt && !control => app.open_beside(false),
        "i" if alt && !control => app.toggle_details(),
        "n" if alt && !control => app.show(Overlay::Begin),
        "l" if alt && !control => app.choose_moment(),
        "v" if alt && !control => app.speak(),
        "," if alt && !control => app.show(Overlay::Settings),
        "F6" => next_pane(shift),
        "?" if !control && !alt && !is_writing(event) => app.show(Overlay::Shortcuts),
        "Escape" if app.has_details.get_untracked() && !is_writing(event) => app.close_details(),
        _ => return,
    }
    event.prevent_default();
}

/// Goes round the panes.
fn next_pane(back: bool) {
    let places = ["search-field", "timeline", "composer-text", "details-close"];
    let active = page::document().active_element();
    let is_in = |id: &str| {
        active.as_ref().is_some_and(|active| {
            let pane = page::element(id).and_then(|element| element.closest("[data-view]").ok().flatten());
            pane.is_some_and(|pane| pane.contains(Some(active)))
        })
    };
    let at = places.iter().rposition(|id| is_in(id)).unwrap_or(0);
    for step in 1..=places.len() {
        let next = if back { at + places.len() - step } else { at + step };
        if page::focus(places[next % places.len()]) {
            return;
        }
    }
}

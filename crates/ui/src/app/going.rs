//! Where one is: the pane, the open conversation, dialogs, and the way back.

use huis_proto::ConversationId;
use wasm_bindgen::{JsCast, JsValue};

use super::{App, Pane};
use crate::dialogs::Overlay;
use crate::page;

impl App {
    /// Opens a conversation.
    pub(crate) fn open(self, id: ConversationId) {
        if self.talk.open.get_untracked() != Some(id) {
            let Some(view) = self.shelf.peek(id) else { return };
            self.keep_draft();
            self.close_later();
            self.bring_first_words(id);
            let (draft, wish) = view.with_untracked(|view| (view.draft.clone(), view.draft_wish));
            view.with_untracked(|view| self.talk.begin(view));
            self.say_nothing_of(None);
            self.composer.begin(&draft, wish);
            self.fill_newest();
            self.read(super::reading::Read::Notices(id));
            self.touch_details();
        }
        self.talk.addressee.set(None);
        self.go(Pane::Talk);
        self.focus_composer();
    }

    /// Opens a conversation as soon as it is known here.
    pub(crate) fn open_when_there(self, id: ConversationId) {
        self.wanted.set_value(Some(id));
        self.open_wanted();
    }

    pub(super) fn open_wanted(self) {
        if let Some(id) = self.wanted.get_value().filter(|id| self.shelf.peek(*id).is_some()) {
            self.wanted.set_value(None);
            self.open(id);
        }
    }

    /// Begins to write to somebody. Where there is no conversation with them, the first message makes it.
    pub(crate) fn write_to(self, username: &str) {
        let username = username.trim().trim_start_matches('@').to_ascii_lowercase();
        match self.shelf.with_person(&username) {
            Some(id) => self.open(id),
            None => {
                self.keep_draft();
                self.close_later();
                self.talk.close();
                let (text, wish) = self.shelf.first_words(&username);
                self.composer.begin(&text, wish);
                self.talk.addressee.set(Some(username));
                self.has_details.set(false);
                self.go(Pane::Talk);
                self.focus_composer();
            }
        }
    }

    /// Where a finger writes, the keyboard on the screen comes when it is wished alone.
    fn focus_composer(self) {
        if !page::is_touched() {
            page::focus_soon("composer-text");
        }
    }

    /// Nothing is open any more.
    pub(crate) fn leave_talk(self) {
        self.keep_draft();
        self.close_later();
        self.talk.close();
        self.composer.clear();
        self.has_details.set(false);
        self.back_to(Pane::List);
    }

    /// The choice of a moment goes with what it was opened for: it would lock what is written elsewhere.
    fn close_later(self) {
        if self.overlay.with_untracked(|overlay| matches!(overlay, Some(Overlay::Later))) {
            self.overlay.set(None);
        }
    }

    pub(crate) fn open_details(self) {
        self.has_details.set(true);
        self.touch_details();
        self.go(Pane::Details);
        if page::is_narrow() {
            page::focus_soon("details-close");
        }
    }

    pub(crate) fn close_details(self) {
        self.has_details.set(false);
        self.back_to(Pane::Talk);
    }

    pub(crate) fn toggle_details(self) {
        if self.has_details.get_untracked() { self.close_details() } else { self.open_details() }
    }

    /// Goes deeper; the browser's way back leads out again.
    pub(crate) fn go(self, pane: Pane) {
        let before = self.pane.get_untracked();
        if pane > before && page::is_narrow() {
            let depth = JsValue::from_f64(f64::from(pane as u8));
            if let Ok(history) = page::window().history() {
                let _ = history.push_state_with_url(&depth, "", None);
            }
        }
        self.pane.set(pane);
    }

    /// Goes back to a pane, by the browser's history where that led here.
    pub(crate) fn back_to(self, pane: Pane) {
        let history = page::window().history().ok();
        let depth = history.as_ref().and_then(|history| history.state().ok()).and_then(|state| state.as_f64());
        let steps = depth.unwrap_or(0.0) as i32 - i32::from(pane as u8);
        let is_deeper = self.pane.get_untracked() > pane;
        self.pane.set(pane);
        if let Some(history) = history.filter(|_| is_deeper && steps > 0) {
            let _ = history.go_with_delta(-steps);
        }
    }

    /// The browser went back, or forward.
    pub(super) fn on_back(self, event: &web_sys::Event) {
        let state = event.dyn_ref::<web_sys::PopStateEvent>().map(web_sys::PopStateEvent::state);
        let depth = state.and_then(|state| state.as_f64()).unwrap_or(0.0);
        let pane = if depth >= 2.0 {
            Pane::Details
        } else if depth >= 1.0 {
            Pane::Talk
        } else {
            Pane::List
        };
        if pane < Pane::Details {
            self.has_details.set(false);
        }
        if pane < self.pane.get_untracked() {
            self.keep_draft();
            self.pane.set(pane);
        } else if pane > self.pane.get_untracked() && self.talk.open.get_untracked().is_some() {
            self.pane.set(pane);
        }
    }

    /// Shows a dialog.
    pub(crate) fn show(self, overlay: Overlay) {
        page::remember_focus();
        self.overlay.set(Some(overlay));
    }

    pub(crate) fn close_overlay(self) {
        if self.overlay.with_untracked(Option::is_some) {
            self.overlay.set(None);
            self.restore_focus();
        }
    }

    pub(crate) fn close_confirm(self) {
        self.confirm.set(None);
        self.restore_focus();
    }

    /// Comes back to what had the focus before, once no dialog is before it any more.
    fn restore_focus(self) {
        page::after(0, move || {
            if self.overlay.with_untracked(Option::is_none) && self.confirm.with_untracked(Option::is_none) {
                page::restore_focus();
            }
        });
    }

    /// Opens the conversation above or below in the list.
    pub(crate) fn open_beside(self, back: bool) {
        let open = self.talk.open.get_untracked();
        let next = self.shelf.shown.with_untracked(|shown| {
            let at = open.and_then(|open| shown.iter().position(|id| *id == open));
            let next = match (at, back) {
                (None, _) => 0,
                (Some(at), true) => at.checked_sub(1)?,
                (Some(at), false) => at + 1,
            };
            shown.get(next).copied()
        });
        if let Some(next) = next {
            self.open(next);
        }
    }

    /// Opens the next conversation with something unread.
    pub(crate) fn open_unread(self) {
        let shown = self.shelf.shown.get_untracked();
        let open = self.talk.open.get_untracked();
        let from = open.and_then(|open| shown.iter().position(|id| *id == open)).map_or(0, |at| at + 1);
        let unread = |id: &&ConversationId| {
            Some(**id) != open && self.shelf.peek(**id).is_some_and(|view| view.with_untracked(|view| view.unread > 0))
        };
        let order = shown.iter().skip(from).chain(shown.iter().take(from));
        let next = { order }.find(unread).copied();
        match next {
            Some(next) => self.open(next),
            None => self.say(crate::say::text("list-all-read")),
        }
    }
}

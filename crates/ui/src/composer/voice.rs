//! Voice notes: the button that begins one, and the bar that stands in place of the field meanwhile.

use huis_views::play_length;
use leptos::prelude::*;
use web_sys::KeyboardEvent;

use super::Mode;
use super::view::TEXT;
use crate::app::{App, Pane};
use crate::files::{NoteStanding, records, standing};
use crate::parts::{blank, follow, icon, live, on};
use crate::signals::effect;
use crate::{page, say};

impl App {
    /// Whether one can speak: nothing else is being written.
    pub(super) fn can_speak(self) -> bool {
        let composer = self.composer;
        let is_edit = matches!(composer.mode.get(), Mode::Edit(_));
        records() && !is_edit && composer.text.with(|text| text.trim().is_empty()) && !standing(self).0
    }

    /// Begins a voice note where there is a button for it.
    pub(crate) fn speak(self) {
        let can_speak = untrack(|| self.can_speak() && !self.has_note_here());
        if can_speak && page::element(TEXT).is_some() {
            self.record_note();
        }
    }
}

/// The button that begins; it gives way to the one that sends.
pub(super) fn button(app: App) -> AnyView {
    let words = say::text("voice-record");
    view! {
        <button
            type="button"
            id="composer-voice"
            class="icon-button"
            title=words.clone()
            aria-label=words
            hidden=follow(move || !app.can_speak())
            on:click=on(move |_| app.speak())
        >
            {icon("mic")}
        </button>
    }
    .into_any()
}

/// What stands there while somebody speaks, and until what was spoken is sent or dropped.
pub(super) fn bar(app: App) -> AnyView {
    let note = app.composer.note;
    let stands = move || note.with(|note| note.as_ref().map(|note| note.standing));
    // Nobody speaks where it is not seen.
    effect(move || {
        let (pane, is_here) = (app.pane.get(), app.has_note_here());
        if !is_here || pane != Pane::Talk && page::is_narrow() {
            app.leave_note();
        }
    });
    on_cleanup(move || app.leave_note());
    let words = move || match stands() {
        Some(NoteStanding::Asking) => say::text("voice-asking"),
        Some(NoteStanding::Recording) => say::text("voice-recording"),
        Some(NoteStanding::Ended(why)) => say::text(why),
        Some(NoteStanding::Sending) => say::text("voice-sending"),
        None => String::new(),
    };
    let name = move || match stands() {
        Some(NoteStanding::Asking) => "asking",
        Some(NoteStanding::Recording) => "recording",
        Some(NoteStanding::Ended(_)) => "ended",
        Some(NoteStanding::Sending) => "sending",
        None => "none",
    };
    let cannot_go = move || !matches!(stands(), Some(NoteStanding::Recording | NoteStanding::Ended(_)));
    let (dropping, sending) = (say::text("voice-drop"), say::text("voice-send"));
    view! {
        <div
            class="composer-line voice-bar"
            data-view="voice"
            data-state=follow(name)
            role="group"
            aria-label=say::text("voice-title")
            hidden=follow(move || !app.has_note_here())
            on:keydown=on(move |event: KeyboardEvent| match event.key().as_str() {
                "Escape" => {
                    event.prevent_default();
                    app.cancel_note();
                }
                // The key that began it is still held.
                "Enter" if event.repeat() => event.prevent_default(),
                _ => {}
            })
        >
            <button
                type="button"
                id="voice-cancel"
                class="icon-button"
                title=dropping.clone()
                aria-label=dropping
                disabled=follow(move || stands() == Some(NoteStanding::Sending))
                on:click=on(move |_| app.cancel_note())
            >
                {icon("trash")}
            </button>
            {blank("voice-dot")}
            <span class="voice-elapsed">{live(move || elapsed(app.composer.note_ms.get()))}</span>
            <span class="voice-about">
                <span class="voice-said" role="status">{live(words)}</span>
                <span id="voice-level" aria-hidden="true"></span>
            </span>
            <button
                type="button"
                id="voice-send"
                class="send"
                title=sending.clone()
                aria-label=sending
                disabled=follow(cannot_go)
                on:click=on(move |_| app.send_note())
            >
                {icon("send")}
            </button>
        </div>
    }
    .into_any()
}

fn elapsed(ms: u64) -> String {
    if ms < 1000 { "0:00".to_owned() } else { play_length(ms) }
}

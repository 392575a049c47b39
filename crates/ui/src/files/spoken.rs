//! Voice notes: what is spoken into the page, until it is sent or dropped. Nothing of it is sent by itself, and nothing is lost
//! without a word: what ended by itself waits where it was spoken, also while the app is locked.

use huis_proto::AccountId;
use huis_views::{Failure, FileToSend, Reply, SendFiles, Target, ToSend, json};
use js_sys::{Array, Uint8Array};
use leptos::task::spawn_local;
use wasm_bindgen::{JsCast, JsValue};

use super::browser;
use super::chosen::drop_copy;
use crate::app::App;
use crate::composer::{Mode, sending};
use crate::dialogs::Confirm;
use crate::timeline::is_closed;
use crate::{page, port, say};

/// How a voice note stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoteStanding {
    /// The browser asks whether the page may listen.
    Asking,
    Recording,
    /// It is whole; with the key of why, to be read beside it.
    Ended(&'static str),
    Sending,
}

/// A voice note.
#[derive(Debug, Clone)]
pub(crate) struct Note {
    to: Target,
    /// Who speaks.
    of: Option<AccountId>,
    pub(crate) standing: NoteStanding,
}

/// What was recorded, as it is sent.
struct Made {
    path: String,
    name: String,
    media_type: String,
    ms: u64,
    peaks: Vec<u8>,
}

impl App {
    fn me_here(self) -> Option<AccountId> {
        self.me.with_untracked(|me| me.as_ref().map(|me| me.account))
    }

    /// Whether a voice note is spoken, or waits, where one is.
    pub(crate) fn has_note_here(self) -> bool {
        self.talk.open.track();
        self.talk.addressee.track();
        self.composer.note.with(|note| note.as_ref().is_some_and(|note| self.is_at(&note.to)))
    }

    /// Whether one can come to what waits: its conversation is there, and can be written to.
    fn can_come_to_note(self) -> bool {
        let to = self.composer.note.with_untracked(|note| note.as_ref().map(|note| note.to.clone()));
        let is_open = |id| self.shelf.peek(id).is_some_and(|view| view.with_untracked(|view| !is_closed(view)));
        match to {
            Some(Target::Id(id)) => is_open(id),
            // The first word makes the conversation.
            Some(Target::Account(name)) => self.shelf.with_person(&name).is_none_or(is_open),
            Some(Target::Room(_)) | None => false,
        }
    }

    fn note_stands(self, standing: NoteStanding) {
        self.composer.note.update(|note| {
            if let Some(note) = note {
                note.standing = standing;
            }
        });
    }

    fn note_standing(self) -> Option<NoteStanding> {
        self.composer.note.with_untracked(|note| note.as_ref().map(|note| note.standing))
    }

    /// Begins a voice note. The browser asks for the microphone where it has not done so.
    pub(crate) fn record_note(self) {
        let Some(to) = self.target() else { return };
        match self.note_standing() {
            None => {}
            Some(NoteStanding::Ended(_)) if !self.can_come_to_note() => {
                self.ask(Confirm::danger(say::text("confirm-drop-note"), "confirm-drop-note-yes", |app| {
                    app.forget_note();
                    app.writes_again();
                }));
                return;
            }
            Some(_) => {
                self.say_wrong(say::text("voice-waits"));
                return;
            }
        }
        self.composer.note_ms.set(0);
        self.composer.note.set(Some(Note { to, of: self.me_here(), standing: NoteStanding::Asking }));
        page::focus_soon("voice-cancel");
        spawn_local(async move {
            let Some(browser) = browser() else { return };
            match browser.record().await {
                // It may have ended already.
                Ok(_) if self.note_standing() != Some(NoteStanding::Asking) => {}
                Ok(begun) if begun.is_truthy() => {
                    self.note_stands(NoteStanding::Recording);
                    page::focus_soon("voice-send");
                }
                Ok(_) => {}
                Err(why) => {
                    self.forget_note();
                    self.writes_again();
                    self.say_wrong(say::text(match why.as_string().as_deref() {
                        Some("refused") => "voice-refused",
                        Some("missing") => "voice-missing",
                        _ => "voice-unable",
                    }));
                }
            }
        });
    }

    /// `recorder.js` tells how it goes on.
    pub(super) fn note_told(self, word: &str, ms: f64) {
        self.composer.note_ms.set(ms.max(0.0) as u64);
        let why = match word {
            // Who speaks touches nothing, and is there all the same.
            "recording" => return self.acts(),
            "hidden" => "voice-hidden",
            "lost" => "voice-lost",
            "full" => "voice-full",
            _ => "voice-left",
        };
        if matches!(self.note_standing(), Some(NoteStanding::Asking | NoteStanding::Recording)) {
            self.note_stands(NoteStanding::Ended(why));
        }
    }

    /// Nobody sees any more that the microphone is on.
    pub(crate) fn leave_note(self) {
        match self.note_standing() {
            // Nothing was said yet.
            Some(NoteStanding::Asking) => self.forget_note(),
            Some(NoteStanding::Recording) => {
                if let Some(browser) = browser() {
                    browser.end_note("left");
                }
            }
            Some(NoteStanding::Ended(_) | NoteStanding::Sending) | None => {}
        }
    }

    /// Offers what was spoken to who spoke it, once they are here again; for everybody else it is gone.
    pub(crate) fn offer_note(self) {
        let Some(note) = self.composer.note.get_untracked() else { return };
        match note.to {
            _ if note.of.is_none() || note.of != self.me_here() => self.forget_note(),
            Target::Id(id) => self.open_when_there(id),
            Target::Account(name) => self.write_to(&name),
            Target::Room(_) => {}
        }
    }

    fn forget_note(self) {
        if let Some(browser) = browser() {
            browser.drop_note();
        }
        self.composer.note.set(None);
    }

    /// Drops what was spoken, as a person wishes.
    pub(crate) fn cancel_note(self) {
        if self.note_standing() != Some(NoteStanding::Sending) {
            self.forget_note();
            self.writes_again();
        }
    }

    /// Where a finger writes, the keyboard on the screen comes when it is wished alone.
    fn writes_again(self) {
        if !self.is_touched {
            page::focus_soon("composer-text");
        }
    }

    /// The first message made the conversation in which it is spoken.
    pub(crate) fn note_goes_on_in(self, conversation: huis_proto::ConversationId) {
        let addressee = self.talk.addressee.get_untracked();
        self.composer.note.update(|note| {
            if let Some(note) = note
                && matches!(&note.to, Target::Account(name) if Some(name) == addressee.as_ref())
            {
                note.to = Target::Id(conversation);
            }
        });
    }

    /// Sends what was spoken, with what is wished of it.
    pub(crate) fn send_note(self) {
        let Some(Note { to, standing, .. }) = self.composer.note.get_untracked() else { return };
        if !matches!(standing, NoteStanding::Recording | NoteStanding::Ended(_)) {
            return;
        }
        self.note_stands(NoteStanding::Sending);
        let (mode, wish) = (self.composer.mode.get_untracked(), self.composer.wish.get_untracked());
        let reply_to = if let Mode::Reply(message) = mode { Some(message) } else { None };
        spawn_local(async move {
            let made = match copy_note().await {
                Ok(Some(made)) => made,
                Ok(None) => {
                    self.forget_note();
                    self.say_wrong(say::text("voice-nothing"));
                    return;
                }
                Err(failure) => return self.note_not_sent(&failure),
            };
            let path = made.path.clone();
            let file = FileToSend {
                source: made.path,
                name: Some(made.name),
                media_type: Some(made.media_type),
                thumbnail: None,
                duration_ms: Some(made.ms),
                voice: true,
                peaks: Some(made.peaks.into()),
            };
            let (view_once, addressed) = (wish.view_once, to.clone());
            let what = SendFiles {
                to: addressed,
                files: vec![file],
                text: String::new(),
                reply_to,
                keep_metadata: false,
                view_once,
            };
            let answer = port::ask(sending(ToSend::Files(what), wish)).await;
            // From here on its transfer has it.
            drop_copy(&path);
            match answer {
                Ok(reply) => {
                    self.forget_note();
                    let (is_here, open) = (self.is_at(&to), self.talk.open.get_untracked());
                    self.wish_went(&to, wish);
                    if is_here {
                        self.composer.mode.set(Mode::Plain);
                        self.writes_again();
                    }
                    match (reply, to) {
                        (Reply::Sent(sent), Target::Account(_)) if open != Some(sent.conversation) => {
                            self.first_word_sent(sent.conversation);
                        }
                        _ if is_here => {
                            self.talk.forget_unread();
                            self.go_to_newest();
                        }
                        _ => {}
                    }
                }
                Err(failure) => self.note_not_sent(&failure),
            }
        });
    }

    fn note_not_sent(self, failure: &Failure) {
        self.note_stands(NoteStanding::Ended("voice-not-sent"));
        self.say_failure(failure);
    }
}

/// Copies what was recorded to where chosen files lie; none where nothing was.
async fn copy_note() -> Result<Option<Made>, Failure> {
    let failed = |why: JsValue| {
        let words = why.as_string().unwrap_or_default();
        json::read(&words).unwrap_or(Failure::Stopped)
    };
    let Some(browser) = browser() else { return Ok(None) };
    let made = browser.copy_note().await.map_err(failed)?;
    let Ok(made) = made.dyn_into::<Array>() else { return Ok(None) };
    let text = |at| made.get(at).as_string().unwrap_or_default();
    let peaks = made.get(4).dyn_into::<Uint8Array>().map(|peaks| peaks.to_vec()).unwrap_or_default();
    let ms = made.get(3).as_f64().unwrap_or_default() as u64;
    Ok(Some(Made { path: text(0), name: text(1), media_type: text(2), ms, peaks }))
}

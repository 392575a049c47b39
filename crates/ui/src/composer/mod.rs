//! Where one writes.

mod again;
mod complete;
mod emoji;
mod later;
mod view;
mod voice;

use huis_proto::{ConversationId, MessageId};
use huis_views::{Annotation, Command, Reply, Send, Target, ToSend, Wish};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::{App, annotate};
use crate::files::{Chosen, Note, standing};
use crate::timeline::can_be_edited;
use crate::{dates, page, port, say};

use crate::signals::{RwSignal, StoredValue};
pub(crate) use complete::Candidate;
use emoji::{GROUPS, find};
pub(crate) use emoji::{QUICK, name_of};
pub(crate) use later::later;
pub(crate) use view::{composer, emoji_grid, insert};

/// The most bytes of a message.
const LONGEST: usize = 65_536;
/// The most bytes of a text beside files.
const CAPTION: usize = 16_384;
/// How often one tells that one is writing, in milliseconds; it is over after six seconds.
const TYPING: u64 = 4_000;
/// How long after a change the draft is kept, in milliseconds.
const DRAFT: u64 = 800;

/// What becomes of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Plain,
    Reply(MessageId),
    Edit(MessageId),
}

/// How it is sent, now or to be opened later.
pub(crate) fn sending(what: ToSend, wish: Wish) -> Command {
    match (wish.opens_at_ms, what) {
        (Some(unlocks_at_ms), what) => Command::SendTimed { what, unlocks_at_ms, trust: wish.trust },
        (None, ToSend::Text(send)) => Command::Send(send),
        (None, ToSend::Files(files)) => Command::SendFiles(files),
    }
}

/// What is being written.
#[derive(Clone, Copy)]
pub(crate) struct Composer {
    pub(crate) text: RwSignal<String>,
    pub(crate) mode: RwSignal<Mode>,
    pub(crate) candidates: RwSignal<Vec<Candidate>>,
    pub(crate) chosen: RwSignal<usize>,
    /// What goes with the text.
    pub(crate) files: RwSignal<Vec<Chosen>>,
    /// Whether photos go without what says where they were taken.
    pub(crate) strips: RwSignal<bool>,
    /// What is wished of it.
    pub(crate) wish: RwSignal<Wish>,
    /// What is spoken, or waits to be sent or dropped; it does not go with what is written.
    pub(crate) note: RwSignal<Option<Note>>,
    /// How long it is, in milliseconds.
    pub(crate) note_ms: RwSignal<u64>,
    /// What was being written before a message is edited.
    aside: StoredValue<String>,
    /// The draft as it was kept last.
    kept: StoredValue<(String, Wish)>,
    is_keeping: StoredValue<bool>,
    typed_ms: StoredValue<u64>,
}

impl Composer {
    pub(crate) fn new() -> Self {
        Self {
            text: RwSignal::new(String::new()),
            mode: RwSignal::new(Mode::Plain),
            candidates: RwSignal::new(Vec::new()),
            chosen: RwSignal::new(0),
            files: RwSignal::new(Vec::new()),
            strips: RwSignal::new(true),
            wish: RwSignal::new(Wish::default()),
            note: RwSignal::new(None),
            note_ms: RwSignal::new(0),
            aside: StoredValue::new(String::new()),
            kept: StoredValue::new((String::new(), Wish::default())),
            is_keeping: StoredValue::new(false),
            typed_ms: StoredValue::new(0),
        }
    }

    /// Begins with a draft, and with what is wished of it.
    pub(crate) fn begin(self, draft: &str, wish: Wish) {
        self.mode.set(Mode::Plain);
        self.wish.set(wish);
        self.candidates.set(Vec::new());
        self.aside.set_value(String::new());
        self.kept.set_value((draft.to_owned(), wish));
        self.typed_ms.set_value(0);
        self.files.update(|files| files.drain(..).for_each(|file| file.let_go()));
        self.text.set(draft.to_owned());
    }

    pub(crate) fn clear(self) {
        self.begin("", Wish::default());
    }

    /// The text that is a draft: not that of a message that is edited.
    fn draft(self) -> String {
        if matches!(self.mode.get_untracked(), Mode::Edit(_)) {
            self.aside.get_value()
        } else {
            self.text.get_untracked()
        }
    }
}

impl App {
    pub(crate) fn reply(self, message: MessageId) {
        self.cancel_mode();
        self.composer.mode.set(Mode::Reply(message));
        page::focus("composer-text");
        // From a menu, once that is gone.
        page::focus_soon("composer-text");
    }

    /// Changes a message of one's own.
    pub(crate) fn edit(self, message: MessageId) {
        let Some(view) = self.talk.message(message) else { return };
        if !can_be_edited(&view) {
            let is_locked = view.own && view.waiting_lock().is_some();
            self.say(say::text(if is_locked { "refused-time-locked" } else { "message-not-own" }));
            return;
        }
        self.cancel_mode();
        self.composer.aside.set_value(self.composer.text.get_untracked());
        self.composer.mode.set(Mode::Edit(message));
        self.composer.text.set(view.text.clone());
        page::focus("composer-text");
        // From a menu, once that is gone.
        page::focus_soon("composer-text");
    }

    /// Neither answers nor edits any more.
    pub(crate) fn cancel_mode(self) {
        if matches!(self.composer.mode.get_untracked(), Mode::Edit(_)) {
            self.composer.text.set(self.composer.aside.get_value());
        }
        if self.composer.mode.get_untracked() != Mode::Plain {
            self.composer.mode.set(Mode::Plain);
        }
    }

    pub(crate) fn copy_message(self, message: MessageId) {
        if let Some(view) = self.talk.message(message) {
            page::copy(&view.text);
            self.say(say::text("message-copied"));
        }
    }

    /// What is written is another text.
    pub(crate) fn text_changed(self) {
        let says = self.composer.text.with_untracked(|text| !text.trim().is_empty())
            && !matches!(self.composer.mode.get_untracked(), Mode::Edit(_));
        let now_ms = dates::now_ms();
        if let Some(conversation) = self.talk.open.get_untracked()
            && says
            && now_ms >= self.composer.typed_ms.get_value() + TYPING
        {
            self.composer.typed_ms.set_value(now_ms);
            self.tell(Command::Typing { conversation });
        }
        // Whoever types without a pause has a draft as well.
        if !self.composer.is_keeping.get_value() {
            self.composer.is_keeping.set_value(true);
            page::after(DRAFT, move || {
                self.composer.is_keeping.set_value(false);
                self.keep_draft();
            });
        }
    }

    /// Wishes something of what is written, which is kept at once.
    pub(crate) fn wish(self, change: impl FnOnce(&mut Wish)) {
        self.composer.wish.update(change);
        self.keep_draft();
    }

    /// Keeps what is written and what is wished of it, if that is not done yet.
    pub(crate) fn keep_draft(self) {
        let (open, person) = (self.talk.open.get_untracked(), self.talk.addressee.get_untracked());
        if open.is_none() && person.is_none() {
            return;
        }
        let (before, wish) = (self.composer.kept.get_value(), self.composer.wish.get_untracked());
        // Of what is too long the wish alone is kept: it holds for the text from before as well.
        let text = Some(self.composer.draft()).filter(|text| text.len() <= LONGEST);
        let text = text.unwrap_or_else(|| before.0.clone());
        let kept = (text.clone(), wish);
        if kept == before {
            return;
        }
        self.composer.kept.set_value(kept);
        match (open, person) {
            (Some(conversation), _) => {
                self.shelf.keep_draft(conversation, &text, wish);
                self.tell(Command::SetDraft { conversation, text, wish });
            }
            (None, Some(person)) => self.shelf.keep_first_words(&person, &text, wish),
            (None, None) => {}
        }
    }

    /// To whom what is written goes.
    pub(crate) fn target(self) -> Option<Target> {
        let open = self.talk.open.get_untracked().map(Target::Id);
        open.or_else(|| self.talk.addressee.get_untracked().map(Target::Account))
    }

    /// Sends what is written.
    pub(crate) fn submit(self) {
        let text = self.composer.text.with_untracked(|text| text.trim_end().to_owned());
        let mode = self.composer.mode.get_untracked();
        let (has_files, are_ready) = untrack(|| standing(self));
        let sends_files = has_files && !matches!(mode, Mode::Edit(_));
        if !sends_files && text.trim().is_empty() || sends_files && !are_ready {
            return;
        }
        let most = if sends_files { CAPTION } else { LONGEST };
        if text.len() > most {
            let (bytes, most) = (text.len() as u64, most as u64);
            self.say(say::text_with("composer-too-long-to-send", &[("bytes", bytes.into()), ("most", most.into())]));
            return;
        }
        let wish = self.composer.wish.get_untracked();
        let Some(to) = self.target() else { return };
        let is_first = self.talk.open.get_untracked().is_none();
        let (command, is_edit) = match mode {
            Mode::Edit(message) => (annotate(message, Annotation::Edit { text: text.clone() }), true),
            mode => {
                let reply_to = if let Mode::Reply(message) = mode { Some(message) } else { None };
                let (to, text) = (to.clone(), text.clone());
                let send = Send { to, text, reply_to, view_once: wish.view_once, wait: false };
                (sending(ToSend::Text(send), wish), false)
            }
        };
        let after = if is_edit { self.composer.aside.get_value() } else { String::new() };
        self.composer.mode.set(Mode::Plain);
        if !is_edit {
            // What was wished of the text that lies aside still holds for it.
            self.composer.wish.set(Wish::default());
        }
        self.composer.candidates.set(Vec::new());
        self.composer.text.set(after);
        self.composer.typed_ms.set_value(0);
        self.keep_draft();
        if !is_edit && !is_first {
            self.talk.forget_unread();
            self.go_to_newest();
        }
        if sends_files {
            self.send_chosen(to, text, mode, wish);
            return;
        }
        spawn_local(async move {
            match port::ask(command).await {
                Ok(Reply::Sent(sent)) if is_first => self.first_word_sent(sent.conversation),
                Ok(_) => {}
                Err(failure) => {
                    self.not_sent(&to, mode, wish, &text, &failure);
                }
            }
        });
    }

    /// The first message made a conversation, which is opened.
    pub(crate) fn first_word_sent(self, conversation: ConversationId) {
        spawn_local(async move {
            let command = Command::Conversation { target: Target::Id(conversation) };
            match port::ask(command).await {
                Ok(Reply::Conversation(view)) => {
                    let is_with = |name: &String| view.name == format!("@{name}");
                    let is_here = self.talk.addressee.with_untracked(|name| name.as_ref().is_some_and(is_with));
                    self.shelf.put(*view);
                    if is_here {
                        self.go_on_writing_in(conversation);
                    }
                }
                Ok(_) => {}
                Err(failure) => self.say_failure(&failure),
            }
        });
    }
}

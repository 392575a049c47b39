//! Where one writes.

mod complete;
mod emoji;
mod later;
mod view;

use huis_proto::{ConversationId, MessageId};
use huis_views::{Annotation, Command, Failure, Reply, Send, Target, ToSend};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::{App, annotate};
use crate::files::{Chosen, standing};
use crate::{dates, page, port, say};

use crate::signals::{RwSignal, StoredValue};
pub(crate) use complete::Candidate;
pub(crate) use emoji::QUICK;
use emoji::{GROUPS, find};
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

/// What is wished of a message beside what it says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Wish {
    /// It can be opened once.
    pub(crate) view_once: bool,
    /// When it opens, in milliseconds since 1970; none: at once.
    pub(crate) opens_at_ms: Option<u64>,
}

impl Wish {
    pub(crate) fn command(self, what: ToSend) -> Command {
        match (self.opens_at_ms, what) {
            (Some(unlocks_at_ms), what) => Command::SendTimed { what, unlocks_at_ms },
            (None, ToSend::Text(send)) => Command::Send(send),
            (None, ToSend::Files(files)) => Command::SendFiles(files),
        }
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
    /// What is wished of drafts, so that nothing goes openly that was to be locked.
    wishes: StoredValue<Vec<(ConversationId, Wish)>>,
    /// What was being written before a message is edited.
    aside: StoredValue<String>,
    kept: StoredValue<String>,
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
            wishes: StoredValue::new(Vec::new()),
            aside: StoredValue::new(String::new()),
            kept: StoredValue::new(String::new()),
            is_keeping: StoredValue::new(false),
            typed_ms: StoredValue::new(0),
        }
    }

    /// Begins with a draft.
    pub(crate) fn begin(self, draft: &str) {
        self.mode.set(Mode::Plain);
        self.wish.set(Wish::default());
        self.candidates.set(Vec::new());
        self.aside.set_value(String::new());
        self.kept.set_value(draft.to_owned());
        self.typed_ms.set_value(0);
        self.files.update(|files| files.drain(..).for_each(|file| file.let_go()));
        self.text.set(draft.to_owned());
    }

    pub(crate) fn clear(self) {
        self.begin("");
    }

    /// Nothing of an account stays.
    pub(crate) fn forget(self) {
        self.clear();
        self.wishes.set_value(Vec::new());
    }

    /// What is wished here is wished again when somebody comes back to this conversation.
    fn keep_wish(self, conversation: ConversationId) {
        let wish = self.wish.get_untracked();
        self.wishes.update_value(|wishes| {
            wishes.retain(|(of, _)| *of != conversation);
            if wish != Wish::default() {
                wishes.push((conversation, wish));
            }
        });
    }

    /// Wishes what was wished here before.
    pub(crate) fn wish_again(self, conversation: ConversationId) {
        let kept =
            self.wishes.with_value(|wishes| wishes.iter().find(|(of, _)| *of == conversation).map(|(_, wish)| *wish));
        self.wish.set(kept.unwrap_or_default());
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
        if !view.own || view.kind != "text" || view.deleted_by.is_some() {
            self.say(say::text("message-not-own"));
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

    /// Keeps what is written, if that is not done yet.
    pub(crate) fn keep_draft(self) {
        let Some(conversation) = self.talk.open.get_untracked() else { return };
        self.composer.keep_wish(conversation);
        let text = self.composer.draft();
        if self.composer.kept.with_value(|kept| *kept == text) || text.len() > LONGEST {
            return;
        }
        self.composer.kept.set_value(text.clone());
        self.shelf.change(conversation, |view| view.draft.clone_from(&text));
        self.tell(Command::SetDraft { conversation, text });
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
        let open = self.talk.open.get_untracked();
        let (command, is_edit) = match mode {
            Mode::Edit(message) => (annotate(message, Annotation::Edit { text: text.clone() }), true),
            mode => {
                let name = || self.talk.addressee.get_untracked();
                let Some(to) = open.map(Target::Id).or_else(|| name().map(Target::Account)) else { return };
                let reply_to = if let Mode::Reply(message) = mode { Some(message) } else { None };
                let send = Send { to, text: text.clone(), reply_to, view_once: wish.view_once, wait: false };
                (wish.command(ToSend::Text(send)), false)
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
        if !is_edit && open.is_some() {
            self.talk.forget_unread();
            self.go_to_newest();
        }
        if sends_files {
            self.send_chosen(text, mode, wish);
            return;
        }
        spawn_local(async move {
            match port::ask(command).await {
                Ok(Reply::Sent(sent)) if open.is_none() => self.first_word_sent(sent.conversation),
                Ok(_) => {}
                Err(failure) => self.not_sent(open, mode, wish, text, &failure),
            }
        });
    }

    /// What could not be sent is being written again.
    pub(crate) fn not_sent(
        self,
        open: Option<ConversationId>,
        mode: Mode,
        wish: Wish,
        text: String,
        failure: &Failure,
    ) {
        let is_here = self.talk.open.get_untracked() == open;
        if is_here && self.composer.text.with_untracked(String::is_empty) {
            if let Mode::Edit(message) = mode {
                self.composer.aside.set_value(String::new());
                self.composer.mode.set(Mode::Edit(message));
            } else {
                self.composer.mode.set(mode);
                self.composer.wish.set(wish);
            }
            self.composer.text.set(text);
        }
        self.say_failure(failure);
    }

    /// The first message made a conversation, which is opened.
    pub(crate) fn first_word_sent(self, conversation: ConversationId) {
        spawn_local(async move {
            let command = Command::Conversation { target: Target::Id(conversation) };
            match port::ask(command).await {
                Ok(Reply::Conversation(view)) => {
                    self.shelf.put(*view);
                    if self.talk.addressee.with_untracked(Option::is_some) {
                        self.open(conversation);
                    }
                }
                Ok(_) => {}
                Err(failure) => self.say_failure(&failure),
            }
        });
    }
}

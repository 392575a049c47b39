//! What is written goes out, or is kept.

use huis_proto::MessageId;
use huis_texts::Value;
use huis_views::{Annotate, Annotation, Command, Send, Target, Wish};

use super::{App, Effect, Purpose};
use crate::composer::{LONGEST, Mode};
use crate::slash::Mistake;

/// How often one tells that one is writing, in milliseconds; it is over after six seconds.
const TYPING: u64 = 4_000;
/// How long after a change the draft is kept, in milliseconds.
const DRAFT: u64 = 800;

impl App {
    /// Sends what is written.
    pub(crate) fn submit(&mut self) {
        let text = self.composer.editor.text().trim_end().to_owned();
        if text.trim().is_empty() {
            return;
        }
        self.composer.popup = None;
        let mode = self.composer.mode;
        let typed = text.clone();
        let text = match mode {
            Mode::Edit(_) => text,
            Mode::Plain | Mode::Reply(_) => match self.command(&text) {
                Some(text) => text,
                None => return,
            },
        };
        if let Some(bar) = self.closed() {
            let text = self.bar_text(bar);
            self.say_wrong(text);
            return;
        }
        let Some(conversation) = self.open_conversation() else {
            self.submit_first(text, typed);
            return;
        };
        let command = match mode {
            Mode::Edit(message) => annotate(message, Annotation::Edit { text }),
            Mode::Plain | Mode::Reply(_) => {
                let reply_to = if let Mode::Reply(message) = mode { Some(message) } else { None };
                Command::Send(Send { to: Target::Id(conversation), text, reply_to, view_once: false, wait: false })
            }
        };
        let purpose = Purpose::Send { conversation, text: typed, mode };
        self.effects.push(Effect::Ask { purpose, command });
        self.composer.sent();
        self.times.typed_ms = 0;
        self.times.draft_ms = Some(self.now_ms);
        self.go_to_newest();
    }

    /// Sends a first word to whom it was begun for; the conversation is made by it.
    fn submit_first(&mut self, text: String, typed: String) {
        let Some(name) = self.addressee.clone() else {
            self.mistaken(&Mistake::NoConversation);
            return;
        };
        let to = Target::Account(name.clone());
        let command = Command::Send(Send { to, text, reply_to: None, view_once: false, wait: false });
        self.effects
            .push(Effect::Ask { purpose: Purpose::FirstWord { name, text: typed, journey: self.journeys }, command });
        self.composer.sent();
    }

    /// Puts a text at the cursor, or says why not.
    pub(crate) fn insert(&mut self, text: &str) {
        match self.composer.editor.insert(text) {
            Ok(()) => self.text_changed(),
            Err(too_long) => {
                let bytes = [
                    ("bytes", Value::Number(u64::try_from(too_long.bytes).unwrap_or(u64::MAX))),
                    ("most", Value::Number(LONGEST as u64)),
                ];
                let text = self.texts.text_with("composer-too-long", &bytes);
                self.say_wrong(text);
            }
        }
    }

    pub(super) fn on_paste(&mut self, text: &str) {
        if let Some(overlay) = &mut self.overlay {
            overlay.paste(text, self.now_ms);
            return;
        }
        if self.bar().is_none() {
            if self.panes().timeline.is_none() {
                self.details = None;
            }
            self.focus = super::Focus::Composer;
            self.insert(text);
        }
    }

    /// What is written is another text.
    pub(crate) fn text_changed(&mut self) {
        self.draft_changed();
        self.offer();
        let text = self.composer.editor.text();
        let says = !text.trim().is_empty() && !text.starts_with('/') && !matches!(self.composer.mode, Mode::Edit(_));
        if let Some(conversation) = self.open_conversation()
            && says
            && self.now_ms >= self.times.typed_ms + TYPING
        {
            self.times.typed_ms = self.now_ms;
            self.tell(Command::Typing { conversation });
        }
    }

    pub(super) fn draft_changed(&mut self) {
        if !matches!(self.composer.mode, Mode::Edit(_)) {
            // Whoever types without a pause has a draft as well.
            self.times.draft_ms.get_or_insert(self.now_ms + DRAFT);
        }
    }

    /// Keeps what is written, if that is not done yet.
    pub(crate) fn keep_draft(&mut self) {
        if self.times.draft_ms.take().is_none() {
            return;
        }
        if let Some(conversation) = self.open_conversation() {
            let text = self.composer.draft().to_owned();
            self.list.set_draft(conversation, text);
            let text = self.composer.kept_draft().to_owned();
            self.read(Purpose::Draft(conversation), Command::SetDraft { conversation, text, wish: Wish::default() });
        }
    }
}

pub(crate) fn annotate(message: MessageId, annotation: Annotation) -> Command {
    Command::Annotate(Annotate { message, annotation, wait: false })
}

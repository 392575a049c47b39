//! Where a message is written.

mod draw;
mod editor;
mod undo;

use huis_proto::MessageId;

use crate::completion::Offer;

pub(crate) use draw::{Drawn, PROMPT, cell, draw, rows};
pub(crate) use editor::{Editor, Motion};

/// Bytes of a message.
pub(crate) const LONGEST: usize = 65_536;
/// Texts that were sent and can be had again, and their bytes.
const HISTORY: usize = 50;
const HISTORY_BYTES: usize = 256 * 1024;

/// What is written for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Something new.
    #[default]
    Plain,
    /// The answer to a message.
    Reply(MessageId),
    /// Another text in place of a message's.
    Edit(MessageId),
}

/// What is being written.
#[derive(Debug, Default)]
pub(crate) struct Composer {
    pub(crate) editor: Editor,
    pub(crate) mode: Mode,
    /// What the text may go on with: shown above.
    pub(crate) popup: Option<Offer>,
    /// Whether what is written is the draft of a conversation.
    is_draft: bool,
    /// What was being written before a message was taken up to edit.
    aside: String,
    history: Vec<String>,
    /// Where in the history one is, and what was being written before one went there.
    recalled: Option<(usize, String)>,
}

impl Composer {
    /// Takes up what was being written in a conversation.
    pub(crate) fn open(&mut self, draft: &str) {
        self.put_away();
        self.editor.set(draft);
        self.is_draft = true;
    }

    /// Empties it, where no conversation is open.
    pub(crate) fn close(&mut self) {
        self.put_away();
        self.editor.set("");
        self.is_draft = false;
    }

    /// What no conversation keeps as its draft can be had again by going back.
    fn put_away(&mut self) {
        if !self.is_draft || matches!(self.mode, Mode::Edit(_)) {
            self.keep_in_history();
        }
        self.mode = Mode::Plain;
        self.aside.clear();
        self.popup = None;
        self.recalled = None;
    }

    /// What is being written: what is edited is not.
    pub(crate) fn draft(&self) -> &str {
        match self.mode {
            Mode::Edit(_) => &self.aside,
            _ => self.editor.text(),
        }
    }

    /// What is to be kept as draft: nothing of what is to be opened once.
    pub(crate) fn kept_draft(&self) -> &str {
        Some(self.draft()).filter(|text| !is_once(text)).unwrap_or_default()
    }

    pub(crate) fn reply(&mut self, message: MessageId) {
        self.cancel();
        self.mode = Mode::Reply(message);
    }

    pub(crate) fn edit(&mut self, message: MessageId, text: &str) {
        self.cancel();
        self.aside = self.editor.text().to_owned();
        self.editor.set(text);
        self.mode = Mode::Edit(message);
    }

    /// Goes back to writing something new. Gives whether there was something to go back from.
    pub(crate) fn cancel(&mut self) -> bool {
        match std::mem::take(&mut self.mode) {
            Mode::Plain => false,
            Mode::Reply(_) => true,
            Mode::Edit(_) => {
                let aside = std::mem::take(&mut self.aside);
                self.editor.set(&aside);
                true
            }
        }
    }

    /// What was written is gone out.
    pub(crate) fn sent(&mut self) {
        self.keep_in_history();
        self.recalled = None;
        let aside = std::mem::take(&mut self.aside);
        self.editor.set(if matches!(self.mode, Mode::Edit(_)) { &aside } else { "" });
        self.mode = Mode::Plain;
        self.popup = None;
    }

    /// Takes up again what could not be sent.
    pub(crate) fn restore(&mut self, text: &str, mode: Mode) {
        match mode {
            Mode::Edit(message) => self.edit(message, text),
            mode => {
                self.editor.set(text);
                self.mode = mode;
            }
        }
    }

    /// Whether nothing is being written.
    pub(crate) fn is_idle(&self) -> bool {
        self.editor.is_empty() && self.mode == Mode::Plain
    }

    fn keep_in_history(&mut self) {
        let text = self.editor.text().to_owned();
        if !text.trim().is_empty() && !is_once(&text) && self.history.last() != Some(&text) {
            self.history.push(text);
        }
        while self.history.len() > HISTORY || self.history.iter().map(String::len).sum::<usize>() > HISTORY_BYTES {
            self.history.remove(0);
        }
    }

    /// Takes up the text that was sent before, or after, the one that is shown.
    pub(crate) fn recall(&mut self, back: bool) {
        let at = self.recalled.as_ref().map_or(self.history.len(), |recalled| recalled.0);
        let next = if back { at.checked_sub(1) } else { Some(at + 1) };
        let Some(next) = next.filter(|next| *next <= self.history.len()) else { return };
        if self.recalled.is_none() {
            self.recalled = Some((at, self.editor.text().to_owned()));
        }
        let Some((at, written)) = &mut self.recalled else { return };
        *at = next;
        match self.history.get(next) {
            Some(text) => self.editor.replace_all(text),
            None => {
                let written = std::mem::take(written);
                self.editor.replace_all(&written);
                self.recalled = None;
            }
        }
    }
}

/// Whether it is to be opened once: then it is nowhere but on the screen before.
fn is_once(text: &str) -> bool {
    text.split_whitespace().next() == Some("/once")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: MessageId = MessageId::from_bytes([7; 16]);

    #[test]
    fn what_was_written_is_there_again_after_an_edit() {
        let mut composer = Composer::default();
        composer.open("half a thought");
        composer.edit(MESSAGE, "old text");
        assert_eq!(composer.editor.text(), "old text");
        assert_eq!(composer.draft(), "half a thought");
        composer.sent();
        assert_eq!((composer.editor.text(), composer.mode), ("half a thought", Mode::Plain));

        composer.edit(MESSAGE, "old text");
        composer.reply(MESSAGE);
        assert_eq!(composer.editor.text(), "half a thought");
    }

    #[test]
    fn history_goes_back_and_forth_and_ends_at_what_was_being_written() {
        let mut composer = Composer::default();
        for text in ["one", "two"] {
            composer.editor.set(text);
            composer.sent();
        }
        composer.editor.set("three");
        for (back, text) in
            [(true, "two"), (true, "one"), (true, "one"), (false, "two"), (false, "three"), (false, "three")]
        {
            composer.recall(back);
            assert_eq!(composer.editor.text(), text);
        }
    }

    #[test]
    fn history_is_bounded() {
        let mut composer = Composer::default();
        for number in 0..100 {
            composer.editor.set(&format!("{number}{}", "x".repeat(10_000)));
            composer.sent();
        }
        assert!(composer.history.len() <= HISTORY_BYTES / 10_000);
    }
}

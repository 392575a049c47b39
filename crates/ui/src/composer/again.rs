//! What could not be sent is written again, where it was meant for, beside what was written there since.

use huis_proto::ConversationId;
use huis_views::{Command, Failure, Target, Wish};

use super::{LONGEST, Mode};
use crate::app::{App, Gate};

/// What is being written, and what is to become of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) text: String,
    pub(super) mode: Mode,
    /// What was being written before a message is edited.
    pub(super) aside: String,
    /// What is wished of what is no edit.
    pub(super) wish: Wish,
}

impl Written {
    /// With what was refused before it. Whatever goes together opens no earlier than was wished of any of it.
    pub(super) fn with_refused(self, text: &str, mode: Mode, wish: Wish) -> Self {
        match (mode, self.mode) {
            (Mode::Edit(_), Mode::Edit(_)) => Self { aside: joined(text, &self.aside), ..self },
            (Mode::Edit(_), _) => Self { text: text.to_owned(), mode, aside: self.text, ..self },
            (_, Mode::Edit(_)) => Self { aside: joined(text, &self.aside), wish: self.wish.with(wish), ..self },
            (_, newer) => Self {
                text: joined(text, &self.text),
                mode: if newer == Mode::Plain { mode } else { newer },
                wish: self.wish.with(wish),
                ..self
            },
        }
    }
}

/// What was written first, a blank line, and what was written then; one of the two alone where the other says nothing.
pub(super) fn joined(first: &str, then: &str) -> String {
    match (first.trim().is_empty(), then.trim().is_empty()) {
        (_, true) => first.to_owned(),
        (true, false) => then.to_owned(),
        (false, false) => format!("{first}\n\n{then}"),
    }
}

/// Where something was to go.
enum Place {
    /// It is being written to.
    Here,
    /// Another one is open, or none.
    Elsewhere(ConversationId),
    /// There is no conversation with this person, who is not being written to.
    Nowhere(String),
}

impl App {
    fn place(self, to: &Target) -> Place {
        if self.target().as_ref() == Some(to) {
            return Place::Here;
        }
        let (id, name) = match to {
            Target::Id(id) => (Some(*id), None),
            // The first word may have made a conversation meanwhile.
            Target::Account(name) | Target::Room(name) => (self.shelf.with_person(name), Some(name)),
        };
        match id {
            Some(id) if self.talk.open.get_untracked() == Some(id) => Place::Here,
            Some(id) => Place::Elsewhere(id),
            None => Place::Nowhere(name.cloned().unwrap_or_default()),
        }
    }

    /// Whether this is what is being written to, also where the first word has made a conversation of it meanwhile.
    pub(crate) fn is_at(self, to: &Target) -> bool {
        matches!(self.place(to), Place::Here)
    }

    /// What could not be sent is being written again, or is the draft of where it was to go. Whether it is before one.
    pub(crate) fn not_sent(self, to: &Target, mode: Mode, wish: Wish, text: &str, failure: &Failure) -> bool {
        // A page that was locked or signed out meanwhile holds nothing of what was written in it.
        if self.gate.with_untracked(|gate| *gate != Gate::In) {
            return false;
        }
        let place = self.place(to);
        // An edit goes at once; what is wished is of the draft, which has it still.
        let wish = if matches!(mode, Mode::Edit(_)) { Wish::default() } else { wish };
        match &place {
            Place::Here => {
                let composer = self.composer;
                let written = Written {
                    text: composer.text.get_untracked(),
                    mode: composer.mode.get_untracked(),
                    aside: composer.aside.get_value(),
                    wish: composer.wish.get_untracked(),
                };
                let written = written.with_refused(text, mode, wish);
                composer.aside.set_value(written.aside);
                composer.mode.set(written.mode);
                composer.wish.set(written.wish);
                composer.text.set(written.text);
                self.keep_draft();
            }
            Place::Elsewhere(id) => {
                if let Some(view) = self.shelf.peek(*id) {
                    let (draft, before) = view.with_untracked(|view| (view.draft.clone(), view.draft_wish));
                    let (text, wish) = (joined(text, &draft), before.with(wish));
                    self.keep_draft_of(*id, text, wish, draft);
                }
            }
            Place::Nowhere(name) => {
                let (newer, before) = self.shelf.first_words(name);
                self.shelf.keep_first_words(name, &joined(text, &newer), before.with(wish));
            }
        }
        self.say_failure(failure);
        matches!(place, Place::Here)
    }

    /// Keeps the draft of a conversation into which nobody writes. What is too long stays on this page alone, until it is made
    /// shorter.
    fn keep_draft_of(self, conversation: ConversationId, text: String, wish: Wish, before: String) {
        self.shelf.keep_draft(conversation, &text, wish);
        let text = if text.len() <= LONGEST { text } else { before };
        self.tell(Command::SetDraft { conversation, text, wish });
    }

    /// What was written to somebody before there was this conversation with them is of its draft.
    pub(crate) fn bring_first_words(self, conversation: ConversationId) {
        let Some(view) = self.shelf.peek(conversation) else { return };
        let (name, draft, before) =
            view.with_untracked(|view| (view.name.clone(), view.draft.clone(), view.draft_wish));
        if let Some((text, wish)) = name.strip_prefix('@').and_then(|person| self.shelf.take_first_words(person)) {
            self.keep_draft_of(conversation, joined(&draft, &text), before.with(wish), draft);
        }
    }

    /// What was wished of what is written there went with something else.
    pub(crate) fn wish_went(self, to: &Target, went: Wish) {
        match self.place(to) {
            Place::Here => self.wish(|wish| *wish = Wish::default()),
            _ if went == Wish::default() => {}
            Place::Elsewhere(id) => {
                let Some(view) = self.shelf.peek(id) else { return };
                let (draft, wish) = view.with_untracked(|view| (view.draft.clone(), view.draft_wish));
                if wish == went {
                    self.keep_draft_of(id, draft.clone(), Wish::default(), draft);
                }
            }
            Place::Nowhere(name) => {
                let (text, wish) = self.shelf.first_words(&name);
                if wish == went {
                    self.shelf.keep_first_words(&name, &text, Wish::default());
                }
            }
        }
    }

    /// Opens a conversation with what is being written, which began before there was one, behind its draft.
    pub(super) fn go_on_writing_in(self, conversation: ConversationId) {
        let composer = self.composer;
        let (text, wish) = (composer.text.get_untracked(), composer.wish.get_untracked());
        let files = composer.files.try_update(std::mem::take).unwrap_or_default();
        if let Some(person) = self.talk.addressee.get_untracked() {
            self.shelf.keep_first_words(&person, "", Wish::default());
        }
        self.note_goes_on_in(conversation);
        composer.clear();
        self.open(conversation);
        composer.text.update(|draft| *draft = joined(draft, &text));
        composer.files.set(files);
        self.wish(|here| *here = here.with(wish));
    }
}

#[cfg(test)]
mod tests {
    use huis_proto::MessageId;
    use huis_views::LockTrust;

    use super::*;

    const LATER: Wish = Wish { view_once: false, opens_at_ms: Some(7), trust: LockTrust::Server };
    const EARLIER: Wish = Wish { view_once: true, opens_at_ms: Some(5), trust: LockTrust::Server };

    fn written(text: &str, mode: Mode, aside: &str, wish: Wish) -> Written {
        Written { text: text.into(), mode, aside: aside.into(), wish }
    }

    fn message(number: u8) -> MessageId {
        MessageId::from_bytes([number; 16])
    }

    #[test]
    fn what_was_refused_stands_before_what_was_written_since_and_neither_is_lost() {
        assert_eq!(joined("first", "then"), "first\n\nthen");
        assert_eq!(joined("first", ""), "first");
        assert_eq!(joined("first", " \n"), "first");
        assert_eq!(joined("", "then"), "then");
        assert_eq!(joined("", ""), "");
    }

    #[test]
    fn a_refused_text_comes_back_with_the_later_of_two_locks_and_with_what_it_answered() {
        let (plain, reply, other) = (Mode::Plain, Mode::Reply(message(1)), Mode::Reply(message(2)));
        let both = Wish { view_once: true, opens_at_ms: Some(7), trust: LockTrust::Server };
        let back = |mode, newer: Written| newer.with_refused("refused", mode, LATER);
        assert_eq!(back(reply, written("", plain, "", Wish::default())), written("refused", reply, "", LATER));
        assert_eq!(back(plain, written("typed", plain, "", EARLIER)), written("refused\n\ntyped", plain, "", both));
        assert_eq!(back(reply, written("typed", plain, "", EARLIER)), written("refused\n\ntyped", reply, "", both));
        // What is being answered stays so.
        assert_eq!(back(reply, written("typed", other, "", EARLIER)), written("refused\n\ntyped", other, "", both));
        assert_eq!(back(plain, written("typed", other, "", EARLIER)), written("refused\n\ntyped", other, "", both));
    }

    #[test]
    fn an_edit_and_what_is_newly_written_do_not_become_each_other() {
        let (edit, other) = (Mode::Edit(message(1)), Mode::Edit(message(2)));
        // A message is refused while another one is edited: it lies aside.
        let edits = written("an edit", edit, "draft", EARLIER);
        let both = Wish { view_once: true, opens_at_ms: Some(7), trust: LockTrust::Server };
        assert_eq!(
            edits.clone().with_refused("refused", Mode::Plain, LATER),
            written("an edit", edit, "refused\n\ndraft", both)
        );
        // An edit is refused while something is written: that lies aside, and keeps what is wished of it.
        assert_eq!(
            written("typed", Mode::Plain, "", LATER).with_refused("refused", edit, Wish::default()),
            written("refused", edit, "typed", LATER)
        );
        // An edit is refused while another one goes on.
        assert_eq!(
            edits.with_refused("refused", other, Wish::default()),
            written("an edit", edit, "refused\n\ndraft", EARLIER)
        );
    }
}

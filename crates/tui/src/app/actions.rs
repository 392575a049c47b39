//! What can be done, to messages and to conversations; keys, the palette and written commands all come here.

use huis_proto::{ConversationId, ConversationKind, MessageId};
use huis_texts::Value;
use huis_views::{Annotation, Command, Forward, MessageState, Muted, NotificationLevel, RequestAnswer, Target};

use super::sending::annotate;
use super::{App, Effect, End, Focus, Purpose};
use crate::overlays::{Confirm, Emoji, Help, Overlay, Palette, Receipts, Search};

/// What can be chosen from the palette.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Search,
    Details,
    NextUnread,
    Favourite,
    Archive,
    Mute,
    Notifications,
    Leave,
    Help,
    Quit,
}

impl Action {
    pub(crate) const ALL: [Self; 10] = [
        Self::Search,
        Self::Details,
        Self::NextUnread,
        Self::Favourite,
        Self::Archive,
        Self::Mute,
        Self::Notifications,
        Self::Leave,
        Self::Help,
        Self::Quit,
    ];

    /// The key of its text.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Search => "action-search",
            Self::Details => "action-details",
            Self::NextUnread => "action-next-unread",
            Self::Favourite => "action-favourite",
            Self::Archive => "action-archive",
            Self::Mute => "action-mute",
            Self::Notifications => "action-notifications",
            Self::Leave => "action-leave",
            Self::Help => "action-help",
            Self::Quit => "action-quit",
        }
    }

    /// The key that does the same, where there is one.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Search => "Ctrl+F",
            Self::Details => "F2",
            Self::NextUnread => "Alt+U",
            Self::Help => "F1",
            Self::Quit => "Ctrl+Q",
            _ => "",
        }
    }
}

/// What a person said yes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Confirmed {
    Delete(MessageId),
    Discard(MessageId),
    Leave(ConversationId),
    BlockRequest(ConversationId),
    DeclineRequest(ConversationId),
    JoinAnyway(ConversationId),
    Block(String),
    AcceptIdentity {
        name: String,
        safety_number: Option<String>,
    },
    Verified {
        name: String,
        verified: bool,
        safety_number: Option<String>,
    },
    /// What a written command asked for.
    Asked,
}

impl App {
    pub(crate) fn run_action(&mut self, action: Action) {
        match action {
            Action::Search => self.overlay = Some(Overlay::Search(Search::default())),
            Action::Details => self.toggle_details(),
            Action::NextUnread => self.open_unread(),
            Action::Help => self.overlay = Some(Overlay::Help(Help::default())),
            Action::Quit => self.end(End::Quit),
            Action::Favourite | Action::Archive | Action::Mute | Action::Notifications | Action::Leave => {
                if let Some(open) = self.open_conversation() {
                    self.run_on(action, open);
                }
            }
        }
    }

    /// Does something to a conversation.
    pub(crate) fn run_on(&mut self, action: Action, conversation: ConversationId) {
        let Some(view) = self.list.conversation(conversation) else { return };
        let target = Target::Id(conversation);
        match action {
            Action::Favourite => {
                let favourite = !view.favourite;
                self.act(Command::SetFavourite { target, favourite });
            }
            Action::Archive => {
                let archived = !view.archived;
                self.act(Command::SetArchived { target, archived });
            }
            Action::Mute => {
                let muted = if view.muted.holds_at(self.now_ms) { Muted::No } else { Muted::ForEver };
                self.act(Command::SetNotifications { target, level: None, muted: Some(muted) });
            }
            Action::Notifications => {
                let level = match view.notifications {
                    NotificationLevel::All => NotificationLevel::Mentions,
                    NotificationLevel::Mentions => NotificationLevel::None,
                    NotificationLevel::None => NotificationLevel::All,
                };
                self.act(Command::SetNotifications { target, level: Some(level), muted: None });
            }
            Action::Leave => {
                let name = crate::cells::cut(&view.name, 40);
                let question = self.texts.text_with("confirm-leave", &[("name", Value::Text(&name))]);
                self.confirm(question, "confirm-leave-yes", Confirmed::Leave(conversation));
            }
            _ => {}
        }
    }

    pub(crate) fn reply(&mut self, message: MessageId) {
        if self.closed().is_none() {
            self.composer.reply(message);
            self.focus = Focus::Composer;
        }
    }

    /// Opens a message that can be opened once.
    pub(crate) fn open_once(&mut self, message: MessageId) {
        let view = self.timeline.as_ref().and_then(|timeline| timeline.message(message));
        if view.is_some_and(|view| view.is_closed() && !view.own) {
            self.act(Command::OpenOnce { message });
        } else {
            self.changed = false;
        }
    }

    pub(crate) fn edit(&mut self, message: MessageId) {
        let Some(view) = self.timeline.as_ref().and_then(|timeline| timeline.message(message)) else { return };
        if self.closed().is_some() {
            return;
        }
        let can_be_edited = view.own && view.kind == "text" && view.deleted_by.is_none();
        if !can_be_edited {
            self.say(self.texts.text("message-not-own"));
            return;
        }
        let text = view.text.clone();
        self.composer.edit(message, &text);
        self.focus = Focus::Composer;
    }

    pub(crate) fn ask_delete(&mut self, message: MessageId) {
        let Some(view) = self.timeline.as_ref().and_then(|timeline| timeline.message(message)) else { return };
        if view.deleted_by.is_some() {
            return;
        }
        let key = if view.own { "confirm-delete" } else { "confirm-delete-other" };
        let name = crate::cells::cut(&crate::say::name(&view.from), 40);
        let text = crate::cells::cut(&crate::say::first_line(&view.text), 60);
        let question = self.texts.text_with(key, &[("name", Value::Text(&name)), ("text", Value::Text(&text))]);
        self.confirm(question, "confirm-delete-yes", Confirmed::Delete(message));
    }

    pub(crate) fn ask_reaction(&mut self, message: MessageId) {
        self.overlay = Some(Overlay::Emoji(Emoji::new(message)));
    }

    /// Gives a reaction, or takes back the one that is the same.
    pub(crate) fn react(&mut self, message: MessageId, emoji: &str) {
        let view = self.timeline.as_ref().and_then(|timeline| timeline.message(message));
        let has = view.is_some_and(|view| view.reactions.iter().any(|given| given.own && given.emoji == emoji));
        let annotation = if has { Annotation::Unreact } else { Annotation::React { emoji: emoji.to_owned() } };
        self.act(annotate(message, annotation));
    }

    pub(crate) fn pin(&mut self, message: MessageId) {
        let Some(view) = self.timeline.as_ref().and_then(|timeline| timeline.message(message)) else { return };
        let annotation = if view.pinned { Annotation::Unpin } else { Annotation::Pin };
        self.act(annotate(message, annotation));
    }

    pub(crate) fn ask_forward(&mut self, message: MessageId) {
        self.overlay = Some(Overlay::Palette(Palette::forward(message)));
    }

    pub(crate) fn forward(&mut self, message: MessageId, to: ConversationId) {
        self.act(Command::Forward(Forward { message, to: Target::Id(to), wait: false }));
        if let Some(view) = self.list.conversation(to) {
            let name = crate::cells::cut(&view.name, 40);
            self.say(self.texts.text_with("message-forwarded-to", &[("name", Value::Text(&name))]));
        }
    }

    pub(crate) fn copy(&mut self, message: MessageId) {
        let Some(view) = self.timeline.as_ref().and_then(|timeline| timeline.message(message)) else { return };
        self.effects.push(Effect::Copy(view.text.clone()));
        self.say(self.texts.text("message-copied"));
    }

    pub(crate) fn show_receipts(&mut self, message: MessageId) {
        let is_own = self.timeline.as_ref().and_then(|timeline| timeline.message(message)).is_some_and(|view| view.own);
        if is_own {
            self.overlay = Some(Overlay::Receipts(Receipts { message, receipts: None }));
            self.read(Purpose::Receipts(message), Command::Receipts { message });
        }
    }

    /// To the message that this one answers.
    pub(crate) fn go_to_quoted(&mut self, message: MessageId) {
        let view = self.timeline.as_ref().and_then(|timeline| timeline.message(message));
        match view.and_then(|view| view.reply_to.as_ref()) {
            Some(quote) if quote.here => self.go_to_message(quote.message),
            Some(_) => self.say(self.texts.text("message-quoted-not-here")),
            None => {}
        }
    }

    pub(crate) fn retry(&mut self, message: MessageId) {
        let view = self.timeline.as_ref().and_then(|timeline| timeline.message(message));
        // What is held back goes out by itself, once that was decided.
        if self.is_in_trouble(message) && !view.is_some_and(|view| matches!(view.state, MessageState::Held(_))) {
            self.act(Command::Retry { message });
        } else {
            self.retry_files(message);
        }
    }

    pub(crate) fn ask_discard(&mut self, message: MessageId) {
        if self.is_in_trouble(message) {
            self.confirm(self.texts.text("confirm-discard"), "confirm-discard-yes", Confirmed::Discard(message));
        } else {
            self.cancel_files(message);
        }
    }

    fn is_in_trouble(&self, message: MessageId) -> bool {
        let view = self.timeline.as_ref().and_then(|timeline| timeline.message(message));
        view.is_some_and(|view| {
            matches!(view.state, MessageState::Failed(_) | MessageState::Held(_) | MessageState::Waiting)
        })
    }

    pub(crate) fn confirm(&mut self, question: String, yes: &'static str, confirmed: Confirmed) {
        self.overlay = Some(Overlay::Confirm(Confirm { question, yes, confirmed }));
    }

    pub(crate) fn confirmed(&mut self, confirmed: Confirmed) {
        match confirmed {
            Confirmed::Delete(message) => self.act(annotate(message, Annotation::Delete)),
            Confirmed::Discard(message) => {
                self.act(Command::Discard { message });
                if let Some(timeline) = &mut self.timeline {
                    timeline.remove(message);
                }
            }
            Confirmed::Leave(conversation) => self.act(Command::Leave { target: Target::Id(conversation) }),
            Confirmed::BlockRequest(conversation) => self.answer_request(conversation, RequestAnswer::Block),
            Confirmed::DeclineRequest(conversation) => self.answer_request(conversation, RequestAnswer::Decline),
            Confirmed::JoinAnyway(conversation) => self.act(Command::JoinAnyway { conversation }),
            Confirmed::Block(name) => self.act(Command::Block { name }),
            Confirmed::Verified { name, verified, safety_number } => {
                self.act(Command::SetVerified { name, verified, safety_number });
            }
            Confirmed::AcceptIdentity { name, safety_number } => {
                self.act(Command::AcceptIdentity { name, safety_number });
            }
            Confirmed::Asked => self.do_asked(),
        }
    }

    pub(crate) fn answer_request(&mut self, conversation: ConversationId, answer: RequestAnswer) {
        let command = Command::AnswerRequest { target: Target::Id(conversation), answer };
        if answer == RequestAnswer::Accept {
            self.accepting = Some(conversation);
            self.effects.push(Effect::Ask { purpose: Purpose::Accept(conversation), command });
            self.focus = Focus::Composer;
        } else {
            self.act(command);
            self.timeline = None;
            self.details = None;
            self.focus = Focus::List;
        }
    }

    /// Marks the other one's identity as compared, which accepts it where it changed, or as not.
    pub(crate) fn verify(&mut self) {
        let Some(contact) = self.details.as_ref().and_then(|details| details.contact.as_ref()) else { return };
        let Some(name) = contact.account.name.clone() else { return };
        let (verified, safety_number) = (!contact.verified, Some(contact.safety_number.clone()));
        let key = if verified { "confirm-verify" } else { "confirm-unverify" };
        let shown = crate::cells::cut(&name, 40);
        let question = self.texts.text_with(key, &[("name", Value::Text(&shown))]);
        self.confirm(question, "confirm-verify-yes", Confirmed::Verified { name, verified, safety_number });
    }

    pub(super) fn ask_identity(&mut self, name: String, safety_number: Option<String>) {
        let shown = crate::cells::cut(&name, 40);
        let question = self.texts.text_with("confirm-identity", &[("name", Value::Text(&shown))]);
        self.confirm(question, "confirm-identity-yes", Confirmed::AcceptIdentity { name, safety_number });
    }

    pub(crate) fn block(&mut self) {
        let Some(contact) = self.details.as_ref().and_then(|details| details.contact.as_ref()) else { return };
        let Some(name) = contact.account.name.clone() else { return };
        if contact.blocked {
            self.act(Command::Unblock { name });
        } else {
            let shown = crate::cells::cut(&name, 40);
            let question = self.texts.text_with("confirm-block", &[("name", Value::Text(&shown))]);
            self.confirm(question, "confirm-block-yes", Confirmed::Block(name));
        }
    }

    pub(crate) fn is_direct(&self) -> bool {
        self.open_view().is_some_and(|view| view.kind == ConversationKind::Direct)
    }
}

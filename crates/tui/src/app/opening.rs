//! Which conversation is open, and where one looks in it.

use huis_proto::{ConversationId, MessageId};
use huis_views::{Command, ConversationState};

use super::{App, Focus, Purpose};
use crate::overlays::Details;
use crate::timeline::Timeline;

impl App {
    /// Opens a conversation of the list.
    pub(crate) fn open(&mut self, conversation: ConversationId) {
        let Some(view) = self.list.conversation(conversation) else { return };
        if self.open_conversation() != Some(conversation) {
            let (timeline, draft) = (Timeline::new(view), view.draft.clone());
            self.keep_draft();
            // What was being written is a draft of the conversation that it was written in.
            if let Some(left) = self.open_conversation() {
                let text = self.composer.draft().to_owned();
                self.list.set_draft(left, text);
            }
            self.timeline = Some(timeline);
            self.composer.open(&draft);
            self.read_newest(conversation);
            self.read_notices(conversation);
            if self.details.is_some() {
                self.details = Some(Details::new(conversation));
                self.refresh_details(conversation);
            }
        }
        self.addressee = None;
        self.journeys = self.journeys.wrapping_add(1);
        self.arriving = None;
        self.list.chosen = Some(conversation);
        self.focus = if self.bar().is_some() { Focus::Messages } else { Focus::Composer };
    }

    /// Somebody who is in one conversation alone need not choose, unless they are on the way to another.
    pub(super) fn open_the_only_one(&mut self) {
        let is_writing = self.addressee.is_some() || !self.composer.editor.is_empty();
        if self.timeline.is_none()
            && self.arriving.is_none()
            && !is_writing
            && let Some(only) = self.list.only()
        {
            self.open(only);
        }
    }

    /// Opens the conversation above or below in the list.
    pub(crate) fn open_next(&mut self, back: bool) {
        if let Some(next) = self.list.beside(self.open_conversation(), back) {
            self.open(next);
        }
    }

    /// Opens the next conversation with something unread.
    pub(crate) fn open_unread(&mut self) {
        match self.list.next_unread(self.open_conversation()) {
            Some(next) => self.open(next),
            None => self.say(self.texts.text("list-all-read")),
        }
    }

    /// Goes to a message of which the place is known.
    pub(crate) fn go_to(&mut self, conversation: ConversationId, message: MessageId, position: u64) {
        if self.list.conversation(conversation).is_none() {
            return;
        }
        self.open(conversation);
        self.focus = Focus::Messages;
        let Some(timeline) = &mut self.timeline else { return };
        if timeline.message(message).is_some() {
            self.with_timeline(|timeline, env| timeline.go_to(env, message));
            return;
        }
        timeline.restart();
        timeline.goal = Some(message);
        self.read_around(conversation, position);
    }

    /// Goes to a message that may not be held.
    pub(crate) fn go_to_message(&mut self, message: MessageId) {
        let held = self.timeline.as_ref().and_then(|timeline| timeline.message(message));
        match held.map(|message| (message.conversation, message.position)) {
            Some((conversation, position)) => self.go_to(conversation, message, position),
            None => self.read(Purpose::Goal(message), Command::Message { message }),
        }
    }

    /// To the newest message, which may have to be read first.
    pub(crate) fn go_to_newest(&mut self) {
        let Some(timeline) = &mut self.timeline else { return };
        timeline.go_to_newest();
        timeline.selected = None;
        if timeline.newer {
            let conversation = timeline.conversation;
            timeline.restart();
            self.read_newest(conversation);
        }
    }

    /// What stands in place of the composer, where nothing can be written.
    pub(crate) fn bar(&self) -> Option<Bar> {
        let is_commanding = self.focus == Focus::Composer && self.composer.editor.text().starts_with('/');
        self.closed().filter(|_| !is_commanding)
    }

    /// Why nothing can be written in the open conversation, if so. Commands can.
    pub(crate) fn closed(&self) -> Option<Bar> {
        let view = self.open_view()?;
        match view.state {
            ConversationState::Held => Some(Bar::Held),
            ConversationState::Left => Some(Bar::Left),
            // What is written while it is being joined goes out then.
            ConversationState::Joining | ConversationState::Joined | ConversationState::Repairing => {
                (view.request && self.accepting != Some(view.id)).then_some(Bar::Request)
            }
        }
    }

    /// Shows or hides who is in the conversation.
    pub(crate) fn toggle_details(&mut self) {
        if self.details.take().is_none()
            && let Some(open) = self.open_conversation()
        {
            self.details = Some(Details::new(open));
            self.refresh_details(open);
        }
    }

    pub(super) fn refresh_details(&mut self, conversation: ConversationId) {
        if self.details.as_ref().is_none_or(|details| details.conversation != conversation) {
            return;
        }
        let Some(view) = self.list.conversation(conversation) else { return };
        let target = huis_views::Target::Id(conversation);
        let me = self.my_account();
        let pins = view.pins;
        let is_direct = view.kind == huis_proto::ConversationKind::Direct;
        let other = view.accounts.iter().find(|named| Some(named.account) != me).and_then(|named| named.name.clone());
        self.read(Purpose::Members(conversation), Command::Members { target });
        if pins > 0 || self.details.as_ref().is_some_and(|details| !details.pinned.is_empty()) {
            self.read(Purpose::Pinned(conversation), Command::PinnedMessages { conversation });
        }
        if let Some(name) = other.filter(|_| is_direct) {
            self.read(Purpose::Contact(conversation), Command::Contact { name });
        }
    }
}

/// Why nothing can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bar {
    /// A stranger asks.
    Request,
    /// Its members differ from those that the account knew.
    Held,
    Left,
}

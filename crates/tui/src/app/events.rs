//! What the engine told. Events carry ids; what is shown of them is read again.

use huis_proto::{ConversationId, MessageId};
use huis_views::{Command, Connection, Event};

use super::{App, Effect, End, Purpose};

/// Messages of one event that are read one by one; beyond, the whole timeline is read.
const SINGLY: usize = 50;

impl App {
    pub(super) fn on_event(&mut self, event: Event) {
        if let Some(timeline) = &mut self.timeline {
            timeline.stalled = false;
        }
        match event {
            Event::Connection(connection) => {
                self.connection = connection;
                if matches!(connection, Connection::Idle | Connection::Waiting { .. } | Connection::Open) {
                    self.read(Purpose::Status, Command::Status);
                }
            }
            Event::CaughtUp => self.read(Purpose::Status, Command::Status),
            Event::Messages { conversation, messages } => self.on_messages(conversation, &messages),
            Event::Unlocked { message, .. } => {
                // What was seen of it was its seal.
                self.times.marked = None;
                self.read(Purpose::Opened(message), Command::Message { message });
            }
            Event::Transfer(transfer) => self.came_on(&transfer),
            Event::Conversation { conversation } => {
                self.read_conversation(conversation);
                self.refresh_details(conversation);
            }
            Event::Presence { conversation } => self.read_conversation(conversation),
            Event::Contact { .. } => {
                self.read(Purpose::Conversations, Command::Conversations);
                // A decision about its identity key lets go out what was held back.
                self.read(Purpose::Status, Command::Status);
                if let Some(open) = self.open_conversation() {
                    self.refresh_details(open);
                }
            }
            Event::Notice(notice) => {
                if notice.conversation.is_none() {
                    self.say(crate::say::notice(&self.texts, &notice.notice));
                }
                if let Some(timeline) = &mut self.timeline {
                    let open = timeline.conversation;
                    if notice.concerns(open, self.list.conversation(open)) {
                        timeline.notice(notice);
                    }
                }
            }
            Event::SessionEnded => self.end(End::SessionEnded),
            // What was restored is read like what was missed.
            Event::Missed | Event::History => {
                self.read_everything();
                if let Some(files) = self.shown_files() {
                    files.look_again();
                }
                if let Some(open) = self.open_conversation() {
                    self.fill_again(open);
                }
            }
            Event::Stopped { failure } => self.end(End::Stopped(failure)),
        }
    }

    fn on_messages(&mut self, conversation: ConversationId, messages: &[MessageId]) {
        self.read_conversation(conversation);
        let is_doubted = self.list.conversation(conversation).is_some_and(|view| view.trust.is_changed());
        let waits = self.status.as_ref().is_some_and(|status| status.waiting > 0 || status.held > 0);
        if self.is_offline() || is_doubted || waits {
            self.read(Purpose::Status, Command::Status);
        }
        let calls = self.settings.bell || self.settings.notify;
        let is_seen = self.is_attended && self.open_conversation() == Some(conversation);
        if let Some(newest) = messages.last().filter(|_| calls && !is_seen) {
            self.read(Purpose::Call(*newest), Command::Message { message: *newest });
        }
        self.look_at_files_again(conversation, messages);
        let Some(timeline) = self.timeline.as_ref().filter(|timeline| timeline.conversation == conversation) else {
            return;
        };
        if messages.len() > SINGLY {
            self.fill_again(conversation);
            return;
        }
        let held: Vec<MessageId> = messages.iter().copied().filter(|id| timeline.message(*id).is_some()).collect();
        let is_fresh = held.len() < messages.len();
        let (newest, newer) = (timeline.newest().map(|message| message.position), timeline.newer);
        for message in held {
            self.read_message(message);
        }
        match newest {
            Some(newest) if is_fresh && !newer => self.read_after(conversation, newest),
            None => self.read_newest(conversation),
            _ => {}
        }
    }

    /// Reads the open conversation's messages again, and stays where one looks if that can be.
    fn fill_again(&mut self, conversation: ConversationId) {
        let Some(timeline) = &mut self.timeline else { return };
        if timeline.goal.is_some() {
            // One is on the way to a message, and what comes is read afresh.
            return;
        }
        match timeline.restart_here() {
            Some(position) => self.read_around(conversation, position),
            None => self.read_newest(conversation),
        }
    }

    pub(crate) fn end(&mut self, end: End) {
        self.keep_draft();
        self.effects.push(Effect::End(end));
    }

    pub(crate) fn is_offline(&self) -> bool {
        matches!(self.connection, Connection::Idle | Connection::Waiting { .. })
    }
}

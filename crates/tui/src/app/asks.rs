//! What is asked of the engine. A question that is under way is not asked a second time; where something changed
//! meanwhile, it follows once.

use std::collections::hash_map::Entry;

use huis_proto::{ConversationId, MessageId};
use huis_views::{Command, Target};

use super::{App, Effect, Purpose, Way};
use crate::timeline::PAGE;

/// Notices that are asked for.
const NOTICES: u32 = 500;

impl App {
    /// Asks for what is shown.
    pub(super) fn read(&mut self, purpose: Purpose, command: Command) {
        match self.under_way.entry(purpose) {
            Entry::Occupied(mut entry) => {
                entry.insert(Some(command));
            }
            Entry::Vacant(entry) => {
                let purpose = entry.key().clone();
                entry.insert(None);
                self.effects.push(Effect::Ask { purpose, command });
            }
        }
    }

    /// Asks once more where that was wished meanwhile.
    pub(super) fn read_again(&mut self, purpose: &Purpose) {
        if let Some(Some(command)) = self.under_way.remove(purpose) {
            self.read(purpose.clone(), command);
        }
    }

    pub(super) fn is_under_way(&self, purpose: &Purpose) -> bool {
        self.under_way.contains_key(purpose)
    }

    /// Asks for something to be done.
    pub(crate) fn act(&mut self, command: Command) {
        self.effects.push(Effect::Ask { purpose: Purpose::Act, command });
    }

    pub(super) fn tell(&mut self, command: Command) {
        self.effects.push(Effect::Ask { purpose: Purpose::Tell, command });
    }

    pub(super) fn read_everything(&mut self) {
        self.read(Purpose::Status, Command::Status);
        self.read(Purpose::Conversations, Command::Conversations);
        self.read(Purpose::Requests, Command::Requests);
    }

    pub(super) fn read_conversation(&mut self, conversation: ConversationId) {
        let command = Command::Conversation { target: Target::Id(conversation) };
        self.read(Purpose::Conversation(conversation), command);
    }

    pub(super) fn read_message(&mut self, message: MessageId) {
        self.read(Purpose::Message(message), Command::Message { message });
    }

    pub(super) fn read_notices(&mut self, conversation: ConversationId) {
        self.read(Purpose::Notices(conversation), Command::Notices { most: NOTICES });
    }

    pub(super) fn read_newest(&mut self, conversation: ConversationId) {
        self.filling += 1;
        let purpose = Purpose::Page { conversation, filling: self.filling, way: Way::Newest };
        self.read(purpose, Command::Messages { conversation, before: None, most: PAGE });
    }

    pub(super) fn read_before(&mut self, conversation: ConversationId, before: u64) {
        let purpose = Purpose::Page { conversation, filling: self.filling, way: Way::Before };
        if !self.is_under_way(&purpose) {
            self.read(purpose, Command::Messages { conversation, before: Some(before), most: PAGE });
        }
    }

    pub(super) fn read_after(&mut self, conversation: ConversationId, after: u64) {
        let purpose = Purpose::Page { conversation, filling: self.filling, way: Way::After };
        self.read(purpose, Command::MessagesAfter { conversation, after, most: PAGE });
    }

    pub(super) fn read_around(&mut self, conversation: ConversationId, position: u64) {
        self.filling += 1;
        let purpose = Purpose::Page { conversation, filling: self.filling, way: Way::Around };
        let before = Some(position.saturating_add(1));
        self.read(purpose, Command::Messages { conversation, before, most: PAGE });
    }
}

//! What changed and is not read again yet. Many events in short time are one reading.

use std::collections::{HashMap, HashSet};

use crate::signals::sorted;
use huis_proto::{ConversationId, MessageId};

/// How long changes are gathered after a reading, in milliseconds.
pub(super) const PAUSE: u64 = 100;

/// Conversations that are read one by one; beyond, the whole list is.
const SINGLY: usize = 8;

/// Messages of a moment beyond which the next ones are gathered longer.
const MANY: usize = 50;

/// What changed since it was read.
#[derive(Debug, Default)]
pub(super) struct Dirty {
    conversations: HashSet<ConversationId>,
    messages: HashMap<ConversationId, Vec<MessageId>>,
    lists: bool,
    status: bool,
    everything: bool,
    is_due: bool,
    read_ms: u64,
}

/// What is to be read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) everything: bool,
    pub(super) lists: bool,
    pub(super) status: bool,
    pub(super) conversations: Vec<ConversationId>,
    /// What changed in the conversation that is open.
    pub(super) messages: Vec<MessageId>,
}

impl Dirty {
    pub(super) fn conversation(&mut self, id: ConversationId) {
        self.conversations.insert(id);
    }

    /// Messages of the open conversation are kept in mind; of others, that something changed there.
    pub(super) fn messages(&mut self, id: ConversationId, messages: &[MessageId], is_open: bool) {
        self.conversations.insert(id);
        if is_open {
            self.messages.entry(id).or_default().extend_from_slice(messages);
        }
    }

    pub(super) fn lists(&mut self) {
        self.lists = true;
    }

    pub(super) fn status(&mut self) {
        self.status = true;
    }

    pub(super) fn everything(&mut self) {
        self.everything = true;
    }

    /// In how many milliseconds to read; none where that is arranged already.
    pub(super) fn due_in(&mut self, now_ms: u64) -> Option<u64> {
        if std::mem::replace(&mut self.is_due, true) {
            return None;
        }
        Some((self.read_ms + PAUSE).saturating_sub(now_ms).min(3 * PAUSE))
    }

    /// What to read, once it is due.
    pub(super) fn take(&mut self, open: Option<ConversationId>, now_ms: u64) -> Plan {
        let gathered = std::mem::take(self);
        self.read_ms = now_ms;
        if gathered.everything {
            return Plan { everything: true, ..Plan::default() };
        }
        let mut messages = gathered.messages;
        let lists = gathered.lists || gathered.conversations.len() > SINGLY;
        let conversations: Vec<_> = if lists { Vec::new() } else { gathered.conversations.into_iter().collect() };
        let conversations = sorted(conversations, Ord::cmp);
        let messages = open.and_then(|open| messages.remove(&open)).unwrap_or_default();
        if messages.len() > MANY {
            // While much comes at once, drawing it is most of the work.
            self.read_ms += 2 * PAUSE;
        }
        Plan { everything: false, lists, status: gathered.status, conversations, messages }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conversation(number: u8) -> ConversationId {
        ConversationId::from_bytes([number; 16])
    }

    fn message(number: u8) -> MessageId {
        MessageId::from_bytes([number; 16])
    }

    #[test]
    fn the_first_change_is_read_at_once_and_those_after_it_together() {
        let mut dirty = Dirty::default();
        dirty.conversation(conversation(1));
        assert_eq!(dirty.due_in(10_000), Some(0));
        assert_eq!(dirty.due_in(10_000), None);
        assert_eq!(dirty.take(None, 10_000).conversations, [conversation(1)]);
        for number in 1..=5 {
            dirty.conversation(conversation(number));
        }
        assert_eq!(dirty.due_in(10_030), Some(70));
        assert_eq!(dirty.take(None, 10_100).conversations.len(), 5);
        assert_eq!(dirty.take(None, 10_100), Plan::default());
    }

    #[test]
    fn many_conversations_are_read_as_one_list() {
        let mut dirty = Dirty::default();
        for number in 0..50 {
            dirty.messages(conversation(number), &[message(number)], number == 7);
        }
        let plan = dirty.take(Some(conversation(7)), 0);
        assert!(plan.lists && plan.conversations.is_empty());
        assert_eq!(plan.messages, [message(7)]);
    }

    #[test]
    fn everything_holds_all_else() {
        let mut dirty = Dirty::default();
        dirty.conversation(conversation(1));
        dirty.everything();
        assert_eq!(dirty.take(None, 0), Plan { everything: true, ..Plan::default() });
    }

    #[test]
    fn messages_of_a_conversation_that_was_left_are_not_read() {
        let mut dirty = Dirty::default();
        dirty.messages(conversation(1), &[message(1)], true);
        assert!(dirty.take(Some(conversation(2)), 0).messages.is_empty());
    }
}

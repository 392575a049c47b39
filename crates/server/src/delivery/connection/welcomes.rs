//! Welcomes on their way to a client: each is sent once, and its conversation is delivered when it was acknowledged and the
//! store has forgotten it.

use huis_proto::ConversationId;

/// A welcome: its conversation, and its place there.
pub(super) type Welcome = (ConversationId, u64);

/// The welcomes of a connection, at most a few portions of them.
#[derive(Debug, Default)]
pub(super) struct Welcomes {
    /// Those that were sent, until the store has forgotten them and nothing that it was asked before can name them.
    waiting: Vec<Welcome>,
    /// Those among them that the store has forgotten. What was asked before that may still name them.
    forgotten: Vec<Welcome>,
}

impl Welcomes {
    /// The store has this welcome; whether it is to be sent, and waits from here on.
    pub(super) fn take(&mut self, welcome: Welcome) -> bool {
        let is_new = !self.waiting.contains(&welcome);
        if is_new {
            self.waiting.push(welcome);
        }
        is_new
    }

    /// Whether it was sent, and waits to be acknowledged, or to be forgotten by the store.
    pub(super) fn has(&self, welcome: Welcome) -> bool {
        self.waiting.contains(&welcome)
    }

    /// Whether one of this conversation waits: it is not delivered.
    pub(super) fn hold_back(&self, conversation: ConversationId) -> bool {
        self.waiting.iter().any(|(other, _)| *other == conversation)
    }

    pub(super) fn are_all_taken(&self) -> bool {
        self.waiting.is_empty()
    }

    /// They were acknowledged, and the store has forgotten them.
    pub(super) fn forgotten(&mut self, welcomes: Vec<Welcome>) {
        self.forgotten.extend(welcomes);
    }

    /// Nothing is being asked of the store: gives those that it has forgotten, whose conversations may be delivered.
    pub(super) fn let_in(&mut self) -> Vec<Welcome> {
        let forgotten = std::mem::take(&mut self.forgotten);
        if !forgotten.is_empty() {
            self.waiting.retain(|welcome| !forgotten.contains(welcome));
        }
        forgotten
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Welcome = (ConversationId::from_bytes([1; 16]), 4);
    const THERE: Welcome = (ConversationId::from_bytes([2; 16]), 1);

    #[test]
    fn a_welcome_is_sent_once_also_where_the_store_was_asked_before_it_was_acknowledged() {
        let mut welcomes = Welcomes::default();
        assert!(welcomes.take(HERE) && welcomes.take(THERE));
        // The store is asked, then it forgets one, and then what was asked is answered.
        welcomes.forgotten(vec![HERE]);
        assert!(!welcomes.take(HERE) && !welcomes.take(THERE));
        assert!(welcomes.hold_back(HERE.0));
        assert_eq!(welcomes.let_in(), [HERE]);
        assert!(!welcomes.hold_back(HERE.0) && welcomes.hold_back(THERE.0));
        assert_eq!(welcomes.let_in(), []);
        welcomes.forgotten(vec![THERE]);
        assert_eq!(welcomes.let_in(), [THERE]);
        assert!(welcomes.are_all_taken());
    }

    #[test]
    fn a_later_welcome_to_the_same_conversation_is_another_one() {
        let mut welcomes = Welcomes::default();
        assert!(welcomes.take(HERE));
        welcomes.forgotten(vec![HERE]);
        let again = (HERE.0, HERE.1 + 1);
        assert!(welcomes.take(again));
        assert_eq!(welcomes.let_in(), [HERE]);
        assert!(welcomes.has(again) && !welcomes.has(HERE) && welcomes.hold_back(HERE.0));
    }
}

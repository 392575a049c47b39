//! Which messages are held. The window slides: what comes at one end pushes out at the other.

use std::collections::VecDeque;
use std::sync::Arc;

use huis_proto::MessageId;
use huis_views::{ConversationView, MessageView, NoticeView};

/// Messages that are asked for at a time.
pub(crate) const PAGE: usize = 50;
/// The most messages that are held, and stand in the page.
const MOST: usize = 300;
/// The most notices that are held.
const NOTICES: usize = 200;

/// A part of a conversation's messages, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Window {
    pub(super) messages: VecDeque<Arc<MessageView>>,
    /// What was read and is put at one of the ends a few at a time; it changes and goes like what is there.
    pub(super) coming: Vec<MessageView>,
    pub(super) notices: Vec<NoticeView>,
    /// Whether there are messages before the first one.
    pub(super) older: bool,
    /// Whether there are messages after the last one.
    pub(super) newer: bool,
    pub(super) is_loaded: bool,
    /// The position after which messages were new when the conversation was opened.
    pub(super) unread_after: Option<u64>,
}

impl Window {
    /// An empty one for a conversation that is opened.
    pub(super) fn of(view: &ConversationView) -> Self {
        let unread_after = (view.unread > 0 && !view.request).then_some(view.read_up_to);
        Self { unread_after, ..Self::default() }
    }

    /// Empties it and takes a page.
    pub(super) fn restart(&mut self, page: Vec<MessageView>, older: bool, newer: bool) {
        self.messages = page.into_iter().map(Arc::new).collect();
        self.coming.clear();
        self.older = older;
        self.newer = newer;
        self.is_loaded = true;
    }

    /// Puts messages before the first one.
    pub(super) fn put_before(&mut self, page: Vec<MessageView>, more: bool) {
        self.older = more;
        for message in page.into_iter().rev() {
            if self.messages.front().is_none_or(|first| message.position < first.position) {
                self.messages.push_front(Arc::new(message));
            }
        }
        if self.messages.len() > MOST {
            self.messages.truncate(MOST);
            self.newer = true;
        }
    }

    /// Puts messages after the last one, or in their places. `follows` says whether the end is looked at. Gives how many
    /// of others are fresh.
    pub(super) fn put_after(&mut self, page: Vec<MessageView>, more: bool, follows: bool) -> u32 {
        self.newer = more;
        let mut fresh = 0;
        for message in page {
            if let Some(index) = self.index(message.id) {
                self.messages[index] = Arc::new(message);
            } else if self.messages.back().is_none_or(|last| message.position > last.position) {
                fresh += u32::from(!message.own);
                self.messages.push_back(Arc::new(message));
            }
        }
        let too_many = self.messages.len().saturating_sub(MOST);
        if too_many > 0 && (follows || more) {
            self.messages.drain(..too_many);
            self.older = true;
        } else if too_many > 0 {
            // What one looks at stays: the end is asked for again when one goes there.
            self.messages.truncate(MOST);
            self.newer = true;
        }
        fresh
    }

    /// Puts a message that changed in its place, if it is held.
    pub(super) fn replace(&mut self, message: MessageView) {
        if let Some(coming) = self.coming.iter_mut().find(|coming| coming.id == message.id) {
            *coming = message;
            self.coming.sort_by_key(|coming| coming.position);
            return;
        }
        let Some(index) = self.index(message.id) else { return };
        let message = Arc::new(message);
        if self.messages[index].position == message.position {
            self.messages[index] = message;
            return;
        }
        self.messages.remove(index);
        let place = self.messages.partition_point(|other| other.position < message.position);
        self.messages.insert(place, message);
    }

    pub(super) fn remove(&mut self, id: MessageId) {
        self.coming.retain(|coming| coming.id != id);
        if let Some(index) = self.index(id) {
            self.messages.remove(index);
        }
    }

    pub(super) fn set_notices(&mut self, notices: Vec<NoticeView>) {
        self.notices = notices.into_iter().take(NOTICES).collect();
        self.notices.reverse();
    }

    pub(super) fn add_notice(&mut self, notice: NoticeView) {
        if self.notices.len() == NOTICES {
            self.notices.remove(0);
        }
        self.notices.push(notice);
    }

    pub(crate) fn message(&self, id: MessageId) -> Option<&Arc<MessageView>> {
        self.index(id).and_then(|index| self.messages.get(index))
    }

    /// Whether it is there, or about to be.
    pub(super) fn holds(&self, id: MessageId) -> bool {
        self.index(id).is_some() || self.coming.iter().any(|coming| coming.id == id)
    }

    fn index(&self, id: MessageId) -> Option<usize> {
        // What changes is mostly near the end.
        self.messages.iter().rposition(|message| message.id == id)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use huis_proto::{AccountId, ConversationId, DeviceId};
    use huis_views::{MessageState, Named};

    use super::*;

    pub(crate) fn message(position: u64, author: u8, sent_at_ms: u64) -> MessageView {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&position.to_be_bytes());
        MessageView {
            id: MessageId::from_bytes(id),
            position,
            conversation: ConversationId::from_bytes([9; 16]),
            conversation_name: "#club".into(),
            from: Named { account: AccountId::from_bytes([author; 16]), name: None, card_name: None },
            device: DeviceId::from_bytes([author; 16]),
            own: author == 0,
            sent_at_ms,
            received_at_ms: Some(sent_at_ms),
            seq: Some(position),
            kind: "text".into(),
            text: "a".into(),
            request: false,
            author_listed: true,
            state: if author == 0 { MessageState::Sent } else { MessageState::Received },
            reply_to: None,
            forwarded: false,
            mentions: Vec::new(),
            mentions_me: false,
            edited_at_ms: None,
            deleted_by: None,
            pinned: false,
            reactions: Vec::new(),
            receipts: None,
            files: Vec::new(),
            lock: None,
            vanishes: None,
            vanishes_at_ms: None,
            view_once: false,
        }
    }

    fn page(positions: std::ops::Range<u64>) -> Vec<MessageView> {
        positions.map(|position| message(position, 1, position)).collect()
    }

    #[test]
    fn a_hundred_thousand_messages_leave_a_bounded_window_in_order() {
        let mut window = Window::default();
        window.restart(page(99_950..100_000), true, false);
        for end in (0..99_950_usize).step_by(PAGE).rev().map(|end| end as u64) {
            window.put_before(page(end..end + 50), end > 0);
            assert!(window.messages.len() <= MOST);
        }
        assert!(!window.older && window.newer);
        assert!(window.messages.iter().zip(window.messages.iter().skip(1)).all(|(a, b)| a.position < b.position));
        assert_eq!(window.messages[0].position, 0);
    }

    #[test]
    fn what_one_looks_at_stays_while_messages_come() {
        let mut window = Window::default();
        window.restart(page(0..300), false, false);
        assert_eq!(window.put_after(page(300..310), false, false), 10);
        assert_eq!(window.messages[0].position, 0);
        assert!(window.newer);
        window.restart(page(0..300), false, false);
        window.put_after(page(300..310), false, true);
        assert!(window.older && !window.newer);
        assert_eq!(window.messages[0].position, 10);
    }

    #[test]
    fn what_is_coming_changes_and_goes_like_what_is_there() {
        let mut window = Window::default();
        window.restart(page(0..2), false, false);
        window.coming = page(2..5);
        let mut changed = message(3, 1, 3);
        changed.text = "b".into();
        assert!(window.holds(changed.id) && window.message(changed.id).is_none());
        window.replace(changed);
        window.remove(message(4, 1, 4).id);
        let coming = std::mem::take(&mut window.coming);
        window.put_after(coming, false, true);
        let texts: Vec<_> = window.messages.iter().map(|message| message.text.as_str()).collect();
        assert_eq!(texts, ["a", "a", "a", "b"]);
        window.coming = page(5..6);
        window.restart(page(0..1), false, false);
        assert!(window.coming.is_empty());
    }

    #[test]
    fn a_message_that_was_placed_later_moves_there() {
        let mut window = Window::default();
        window.restart(page(0..3), false, false);
        let mut moved = message(1, 1, 1);
        moved.position = 7;
        window.replace(moved);
        let positions: Vec<_> = window.messages.iter().map(|message| message.position).collect();
        assert_eq!(positions, [0, 2, 7]);
    }
}

//! What can be done with a message, by its menu as by keys. What would show others what is inside waits until it opens.

use huis_views::{MessageState, MessageView};

/// Whether all that it says is here.
pub(crate) fn is_whole(message: &MessageView) -> bool {
    message.deleted_by.is_none() && !message.is_closed() && matches!(message.kind.as_str(), "text" | "file")
}

pub(crate) fn is_sent(message: &MessageView) -> bool {
    !matches!(message.state, MessageState::Failed(_) | MessageState::Held(_) | MessageState::Waiting)
}

/// Whether one can react to it, and pin it.
pub(crate) fn can_be_marked(message: &MessageView) -> bool {
    is_whole(message) && is_sent(message) && message.waiting_lock().is_none()
}

pub(crate) fn can_be_forwarded(message: &MessageView) -> bool {
    can_be_marked(message) && message.vanishes.is_none() && !message.view_once
}

pub(crate) fn can_be_edited(message: &MessageView) -> bool {
    let is_own_text = message.own && message.kind == "text";
    is_own_text && is_whole(message) && !message.view_once && message.waiting_lock().is_none()
}

#[cfg(test)]
mod tests {
    use huis_views::{LockState, LockTrust, LockView};

    use super::*;
    use crate::timeline::a_message;

    fn lock(state: LockState) -> LockView {
        LockView { unlocks_at_ms: 2, state, files: 0, trust: LockTrust::Server }
    }

    fn allowed(message: &MessageView) -> [bool; 3] {
        [can_be_marked(message), can_be_forwarded(message), can_be_edited(message)]
    }

    #[test]
    fn what_is_locked_is_left_alone_until_it_opens() {
        let own = a_message(1, 0, 1);
        assert_eq!(allowed(&own), [true; 3]);
        let mut locked = own.clone();
        locked.lock = Some(lock(LockState::Waiting));
        assert_eq!(allowed(&locked), [false; 3]);
        locked.lock = Some(lock(LockState::Opened));
        assert_eq!(allowed(&locked), [true; 3]);
    }

    #[test]
    fn what_is_opened_once_is_neither_changed_nor_said_again() {
        let mut once = a_message(1, 0, 1);
        once.view_once = true;
        assert_eq!(allowed(&once), [true, false, false]);
        let other = a_message(1, 1, 1);
        assert_eq!(allowed(&other), [true, true, false], "what others said is not one's own to change");
    }
}

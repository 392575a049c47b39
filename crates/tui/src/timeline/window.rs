//! Which messages are held. The window slides: what comes at one end pushes out at the other.

use huis_proto::MessageId;
use huis_views::{ConversationView, MessageView, NoticeView};

use super::{Bottom, Kept, NOTICES, Timeline, WINDOW};

impl Timeline {
    /// Puts messages before the first one. `more` says whether there are others before them.
    pub(crate) fn put_before(&mut self, page: Vec<MessageView>, more: bool) {
        self.loaded = true;
        self.older = more;
        self.changed_at(0);
        for message in page.into_iter().rev() {
            if self.messages.front().is_none_or(|first| message.position < first.position) {
                self.messages.push_front(message);
            }
        }
        while self.messages.len() > WINDOW {
            self.forget(self.messages.len() - 1);
            self.newer = true;
        }
    }

    /// Puts messages after the last one. `more` says whether there are others after them.
    pub(crate) fn put_after(&mut self, page: Vec<MessageView>, more: bool) {
        self.loaded = true;
        let was_whole = !self.newer;
        self.newer = more;
        let follows = self.bottom == Bottom::Newest;
        if let Some(last) = self.messages.len().checked_sub(1) {
            self.changed_at(last);
        }
        for message in page {
            if let Some(index) = self.index(message.id) {
                self.messages[index] = message;
                self.changed_at(index);
            } else if self.messages.back().is_none_or(|last| message.position > last.position) {
                if was_whole && !follows && !message.own {
                    self.below = self.below.saturating_add(1);
                }
                self.messages.push_back(message);
            }
        }
        while self.messages.len() > WINDOW {
            // What one looks at stays: the end is asked for again when one goes there.
            if !follows && self.looks_at_the_oldest_half() {
                self.forget(self.messages.len() - 1);
                self.newer = true;
            } else {
                self.forget(0);
                self.older = true;
            }
        }
    }

    /// Puts a message that changed in its place, if it is held.
    pub(crate) fn replace(&mut self, message: MessageView) {
        let Some(index) = self.index(message.id) else { return };
        self.changed_at(index);
        if self.messages[index].position == message.position {
            self.messages[index] = message;
            return;
        }
        self.messages.remove(index);
        let place = self.messages.partition_point(|other| other.position < message.position);
        self.messages.insert(place, message);
        self.changed_at(place);
    }

    /// Takes a message away.
    pub(crate) fn remove(&mut self, id: MessageId) {
        if let Some(index) = self.index(id) {
            self.changed_at(index);
            self.forget(index);
        }
    }

    /// Empties the window, to fill it around another place.
    pub(crate) fn restart(&mut self) {
        self.messages.clear();
        self.cache.clear();
        self.bottom = Bottom::Newest;
        self.loaded = false;
        self.older = false;
        self.newer = false;
        self.selected = None;
        self.kept = None;
        self.stalled = false;
    }

    /// Empties the window to fill it again around what one reads. Gives that place's position, if one reads back.
    pub(crate) fn restart_here(&mut self) -> Option<u64> {
        let looked_at = match self.bottom {
            _ if self.kept.is_some() => None,
            Bottom::At(id, _) => self.message(id),
            Bottom::Newest if self.newer => self.newest(),
            Bottom::Newest => None,
        };
        let position = looked_at.map(|message| message.position);
        let here = position.map(|position| Kept { position, bottom: self.bottom, selected: self.selected });
        let kept = here.or(self.kept)?;
        self.restart();
        self.newer = true;
        self.kept = Some(kept);
        Some(kept.position)
    }

    /// Comes back to the place that was kept, or as near as can be.
    pub(crate) fn come_back(&mut self) {
        let Some(kept) = self.kept.take() else { return };
        let after = self.messages.partition_point(|message| message.position <= kept.position);
        let Some(near) = self.messages.get(after.saturating_sub(1)) else { return };
        // What was selected may be far from where one looks.
        self.selected = kept.selected.map(|id| if self.message(id).is_some() { id } else { near.id });
        self.bottom = match kept.bottom {
            Bottom::At(id, row) if id == near.id => Bottom::At(id, row),
            _ => Bottom::At(near.id, usize::MAX),
        };
    }

    /// Whether a message is selected, or will be again once the window is filled.
    pub(crate) fn is_selecting(&self) -> bool {
        self.selected.or(self.kept.and_then(|kept| kept.selected)).is_some()
    }

    /// What was noticed about this conversation, newest first as the engine gives it.
    pub(crate) fn set_notices(&mut self, mut notices: Vec<NoticeView>, view: Option<&ConversationView>) {
        notices.retain(|notice| notice.concerns(self.conversation, view));
        notices.truncate(NOTICES);
        notices.reverse();
        if self.notices != notices {
            self.notices = notices;
            self.cache.clear();
        }
    }

    pub(crate) fn notice(&mut self, notice: NoticeView) {
        if self.notices.len() == NOTICES {
            self.notices.remove(0);
        }
        self.notices.push(notice);
        if let Some(last) = self.messages.len().checked_sub(1) {
            self.changed_at(last);
        }
    }

    /// When what is said of locked messages changes next: each second in the last hour, else each minute.
    pub(crate) fn ticks_at(&self, now_ms: u64) -> Option<u64> {
        let left = |message: &MessageView| {
            message.waiting_lock().and_then(|lock| lock.unlocks_at_ms.checked_sub(now_ms)).filter(|left| *left > 0)
        };
        let nearest = self.messages.iter().filter_map(left).min()?;
        let step = if nearest <= 3_600_000 { 1000 } else { 60_000 };
        Some(now_ms + (nearest - 1) % step + 1)
    }

    /// Forgets the layout of locked messages.
    pub(crate) fn ticks(&mut self) {
        for message in self.messages.iter().filter(|message| message.waiting_lock().is_some()) {
            self.cache.remove(&message.id);
        }
    }

    /// Forgets the layout of a message and of its neighbours, which depend on it.
    fn changed_at(&mut self, index: usize) {
        for near in index.saturating_sub(1)..=index + 1 {
            if let Some(message) = self.messages.get(near) {
                self.cache.remove(&message.id);
            }
        }
    }

    fn forget(&mut self, index: usize) {
        let Some(gone) = self.messages.remove(index) else { return };
        self.cache.remove(&gone.id);
        // Whoever stands beside the gap is at an end, or has another neighbour.
        self.changed_at(index);
        if self.selected == Some(gone.id) {
            self.selected = None;
        }
        if matches!(self.bottom, Bottom::At(id, _) if id == gone.id) {
            self.bottom = match self.messages.get(index.min(self.messages.len().saturating_sub(1))) {
                Some(near) => Bottom::At(near.id, 0),
                None => Bottom::Newest,
            };
        }
    }

    fn looks_at_the_oldest_half(&self) -> bool {
        match self.bottom {
            Bottom::Newest => false,
            Bottom::At(id, _) => self.index(id).is_some_and(|index| index < self.messages.len() / 2),
        }
    }
}

//! What follows from where one is, after each input: reading marks, pages, drafts, being there; and when something on
//! the screen changes by time alone.

use std::collections::HashMap;

use huis_proto::ConversationId;
use huis_views::{Command, ConversationState};

use super::{App, Focus, Purpose};
use crate::overlays::Overlay;

/// How often one tells that one is there, in milliseconds: at least once a minute.
const ATTEND: u64 = 40_000;
/// How long after the last key one counts as being there.
const ACTIVE: u64 = 5 * 60_000;
/// After how long a mark that failed is tried again, in milliseconds.
const MARK_AGAIN: u64 = 30_000;

/// When things were done, and are to be done, in milliseconds since 1970.
#[derive(Debug)]
pub(crate) struct Times {
    pub(super) draft_ms: Option<u64>,
    pub(super) typed_ms: u64,
    attended_ms: u64,
    active_ms: u64,
    midnight_ms: u64,
    /// When a countdown in the open conversation shows something else.
    ticks_ms: Option<u64>,
    /// The last position that was marked as read, and where.
    pub(super) marked: Option<(ConversationId, u64)>,
    /// Where marking failed, and when it is tried again.
    unmarked: Option<(ConversationId, u64)>,
    /// The last position in each conversation for which the person was called.
    pub(super) called: HashMap<ConversationId, u64>,
}

impl Times {
    pub(super) fn begin(now_ms: u64) -> Self {
        Self {
            draft_ms: None,
            typed_ms: 0,
            attended_ms: 0,
            active_ms: now_ms,
            midnight_ms: 0,
            ticks_ms: None,
            marked: None,
            unmarked: None,
            called: HashMap::new(),
        }
    }
}

impl App {
    /// When to come again with [`Input::Tick`](super::Input::Tick), in milliseconds since 1970.
    pub fn wake_at(&self) -> u64 {
        let attend = (self.is_attended && self.now_ms < self.times.active_ms + ACTIVE)
            .then_some(self.times.attended_ms + ATTEND);
        let search = self.overlay.as_ref().and_then(Overlay::due);
        let lock = self.settings.lock_after_ms.map(|after| self.times.active_ms.saturating_add(after));
        let ticks = self.times.ticks_ms;
        let times = [lock, ticks, self.times.draft_ms, self.toast.as_ref().map(|toast| toast.until_ms), attend, search];
        times.into_iter().flatten().min().unwrap_or(u64::MAX).min(self.times.midnight_ms)
    }

    pub(super) fn is_active(&mut self) {
        self.times.active_ms = self.now_ms;
    }

    pub(super) fn on_focus(&mut self, is_attended: bool) {
        self.is_attended = is_attended;
        if is_attended {
            self.is_active();
        } else {
            self.keep_draft();
        }
    }

    /// Whether nobody was there for so long that the device is to be locked.
    pub(super) fn is_deserted(&self) -> bool {
        let after = self.settings.lock_after_ms;
        after.is_some_and(|after| self.now_ms >= self.times.active_ms.saturating_add(after))
    }

    pub(super) fn marking_failed(&mut self, conversation: ConversationId) {
        self.times.marked = None;
        self.times.unmarked = Some((conversation, self.now_ms + MARK_AGAIN));
    }

    pub(super) fn settle(&mut self) {
        if self.toast.as_ref().is_some_and(|toast| toast.until_ms <= self.now_ms) {
            self.toast = None;
            self.changed = true;
        }
        if let Some(timeline) = &mut self.timeline
            && self.times.ticks_ms.is_some_and(|due| due <= self.now_ms)
        {
            timeline.ticks();
            self.changed = true;
        }
        self.times.ticks_ms = self.timeline.as_ref().and_then(|timeline| timeline.ticks_at(self.now_ms));
        if self.now_ms >= self.times.midnight_ms {
            self.times.midnight_ms = self.zone.midnight_after(self.now_ms);
            self.changed = true;
        }
        if self.times.draft_ms.is_some_and(|due| due <= self.now_ms) {
            self.keep_draft();
        }
        let is_there = self.is_attended && self.now_ms < self.times.active_ms + ACTIVE;
        if is_there && self.now_ms >= self.times.attended_ms + ATTEND {
            self.times.attended_ms = self.now_ms;
            self.tell(Command::Attend);
        }
        if let Some(words) = self.overlay.as_mut().and_then(|overlay| overlay.take_due(self.now_ms)) {
            let command = Command::Search { words: words.clone(), most: crate::overlays::FOUND };
            self.read(Purpose::Search(words), command);
        }
        self.read_files();
        self.read_pages();
        self.look_at_pictures();
        self.mark_read();
        if self.accepting.and_then(|id| self.list.conversation(id)).is_some_and(|view| !view.request) {
            self.accepting = None;
        }
        self.back_to_writing();
    }

    /// Where nothing is selected, and something can be written again, what is typed is a message.
    /// Where nothing can be written, keys do what stands in place of the composer.
    fn back_to_writing(&mut self) {
        if self.focus == Focus::Composer && self.bar().is_some() {
            self.focus = Focus::Messages;
            self.changed = true;
        }
        let is_idle = self.timeline.as_ref().is_some_and(|timeline| !timeline.is_selecting());
        if self.focus == Focus::Messages && is_idle && self.details.is_none() && self.bar().is_none() {
            self.focus = Focus::Composer;
            self.changed = true;
        }
    }

    /// Asks for what lies before and after, as soon as one comes near.
    fn read_pages(&mut self) {
        let Some((before, after)) = self.with_timeline(|timeline, env| timeline.wants(env)) else { return };
        let Some(timeline) = &self.timeline else { return };
        let conversation = timeline.conversation;
        let oldest = timeline.oldest().map(|message| message.position);
        let newest = timeline.newest().map(|message| message.position);
        if let Some(oldest) = oldest.filter(|_| before) {
            self.read_before(conversation, oldest);
        }
        let purpose = Purpose::Page { conversation, filling: self.filling, way: super::Way::After };
        if let Some(newest) = newest.filter(|_| after && !self.is_under_way(&purpose)) {
            self.read_after(conversation, newest);
        }
    }

    /// Marks as read what is on the screen before somebody who is there.
    fn mark_read(&mut self) {
        if !self.is_attended || self.overlay.is_some() || self.panes().timeline.is_none() {
            return;
        }
        let (Some(timeline), Some(view)) = (&self.timeline, self.open_view()) else { return };
        let is_member = matches!(view.state, ConversationState::Joined | ConversationState::Repairing);
        if !timeline.is_at_newest() || view.request || !is_member {
            return;
        }
        let Some(up_to) = timeline.last(|message| !message.own).map(|message| message.position) else { return };
        let conversation = timeline.conversation;
        let is_marked = self.times.marked.is_some_and(|(there, marked)| there == conversation && marked >= up_to);
        let waits = self.times.unmarked.is_some_and(|(there, until)| there == conversation && self.now_ms < until);
        if up_to > view.read_up_to && !is_marked && !waits {
            self.times.marked = Some((conversation, up_to));
            self.read(Purpose::MarkRead(conversation), Command::MarkRead { conversation, up_to });
        }
    }
}

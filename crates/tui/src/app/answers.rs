//! What the engine answered.

use huis_proto::ConversationId;
use huis_views::{Command, Failure, MessageView, Reply, Wish};

use super::{Answer, App, Effect, Purpose, Way};
use crate::composer::Mode;
use crate::overlays::Overlay;
use crate::timeline::PAGE;

/// How late a message may be to call for it, in milliseconds.
const LATE: u64 = 120_000;

impl App {
    pub(super) fn on_answer(&mut self, answer: Answer) {
        let Answer { purpose, result } = answer;
        match result {
            Ok(reply) => self.on_reply(&purpose, reply),
            Err(failure) => self.on_failure(&purpose, &failure),
        }
        self.read_again(&purpose);
    }

    fn on_reply(&mut self, purpose: &Purpose, reply: Reply) {
        match (purpose, reply) {
            (Purpose::WhoAmI, Reply::Profile(profile)) => self.me = Some(profile),
            (Purpose::Status, Reply::Status(status)) => {
                self.connection = status.connection;
                self.status = Some(status);
            }
            (Purpose::Conversations, Reply::Conversations(conversations)) => {
                self.list.set_conversations(conversations);
                self.open_the_only_one();
                // Whoever talks with nobody yet has nothing to choose from, and begins by writing.
                if self.list.is_empty() && self.timeline.is_none() {
                    self.focus = super::Focus::Composer;
                }
            }
            (Purpose::Requests, Reply::Conversations(requests)) => self.list.set_requests(requests),
            (Purpose::Conversation(_), Reply::Conversation(conversation)) => self.list.put(*conversation),
            (Purpose::Page { conversation, filling, way }, Reply::Messages(messages)) => {
                self.on_page(*conversation, *filling, *way, messages);
            }
            (Purpose::Message(_), Reply::Message(message)) => {
                if let Some(files) = self.shown_files() {
                    files.replace(&message);
                }
                if let Some(timeline) = &mut self.timeline {
                    timeline.replace(*message);
                }
            }
            (Purpose::Goal(_), Reply::Message(message)) => {
                self.go_to(message.conversation, message.id, message.position);
            }
            (Purpose::Notices(conversation), Reply::Notices(notices)) => {
                if let Some(timeline) = self.timeline.as_mut().filter(|timeline| timeline.conversation == *conversation)
                {
                    timeline.set_notices(notices, self.list.conversation(*conversation));
                }
            }
            (Purpose::Call(_), Reply::Message(message)) => self.call(&message),
            (Purpose::Opened(_), Reply::Message(message)) => self.call_opened(&message),
            (Purpose::Files { conversation, before }, Reply::Messages(page)) => {
                if let Some(files) = self.shown_files().filter(|files| files.conversation == *conversation) {
                    files.put(*before, &page);
                }
            }
            (Purpose::Search(words), Reply::Found(found)) => {
                if let Some(Overlay::Search(search)) = &mut self.overlay {
                    search.answer(words, found);
                }
            }
            (Purpose::Members(conversation), Reply::Members(members)) => {
                if let Some(details) = self.details.as_mut().filter(|details| details.conversation == *conversation) {
                    details.set_members(members);
                }
            }
            (Purpose::Pinned(conversation), Reply::Messages(pinned)) => {
                if let Some(details) = self.details.as_mut().filter(|details| details.conversation == *conversation) {
                    details.pinned = pinned;
                }
            }
            (Purpose::Contact(conversation), Reply::Contact(contact)) => {
                if let Some(details) = self.details.as_mut().filter(|details| details.conversation == *conversation) {
                    details.contact = Some(*contact);
                }
            }
            (Purpose::Receipts(message), Reply::Receipts(receipts)) => {
                if let Some(Overlay::Receipts(shown)) = &mut self.overlay
                    && shown.message == *message
                {
                    shown.receipts = Some(receipts);
                }
            }
            (Purpose::Act, Reply::Conversation(conversation)) => {
                let id = conversation.id;
                self.list.put(*conversation);
                self.refresh_details(id);
            }
            (Purpose::Act, Reply::Contact(_) | Reply::Done) | (Purpose::Accept(_), Reply::Done) => {
                self.read_everything();
                if let Some(open) = self.open_conversation() {
                    self.refresh_details(open);
                }
            }
            (purpose, reply) => self.on_commanded(purpose, reply),
        }
    }

    fn on_failure(&mut self, purpose: &Purpose, failure: &Failure) {
        match purpose {
            Purpose::Send { conversation, text, mode } => {
                self.give_back(*conversation, text, *mode);
                self.say_failure(failure);
            }
            Purpose::Greet(name) => {
                if self.addressee.as_ref() == Some(name) {
                    self.addressee = None;
                }
                self.say_failure(failure);
            }
            Purpose::FirstWord { name, text, .. } => {
                if self.addressee.as_ref() == Some(name) && self.composer.editor.is_empty() {
                    self.composer.editor.set(text);
                }
                self.say_failure(failure);
            }
            Purpose::Arrive { back, journey } => {
                if self.arriving == Some(*journey) {
                    self.arriving = None;
                }
                let is_waiting = *journey == self.journeys && self.composer.is_idle();
                if let Some(back) = back.filter(|_| is_waiting) {
                    self.open(back);
                }
                self.say_failure(failure);
            }
            Purpose::Accept(conversation) => {
                if self.accepting == Some(*conversation) {
                    self.accepting = None;
                }
                self.say_failure(failure);
            }
            Purpose::Conversation(conversation) if matches!(failure, Failure::Unknown { .. } | Failure::NotAMember) => {
                self.list.remove(*conversation);
            }
            Purpose::Message(message) => {
                if matches!(failure, Failure::Unknown { .. }) {
                    if let Some(files) = self.shown_files() {
                        files.remove(*message);
                    }
                    if let Some(timeline) = &mut self.timeline {
                        timeline.remove(*message);
                    }
                }
            }
            // It is not asked for again and again: a key or an event does that.
            Purpose::Page { conversation, filling, .. } => {
                let is_current = *filling == self.filling;
                let timeline = self.timeline.as_mut().filter(|timeline| timeline.conversation == *conversation);
                if let Some(timeline) = timeline.filter(|_| is_current) {
                    timeline.stalled = true;
                    timeline.goal = None;
                }
                self.say_failure(failure);
            }
            Purpose::MarkRead(conversation) => {
                self.marking_failed(*conversation);
                self.changed = false;
            }
            Purpose::Files { conversation, .. } => {
                let reason = crate::say::failure(&self.texts, failure);
                if let Some(files) = self.shown_files().filter(|files| files.conversation == *conversation) {
                    files.refuse(reason);
                }
            }
            Purpose::Search(words) => {
                if let Some(Overlay::Search(search)) = &mut self.overlay {
                    search.refuse(words, crate::say::failure(&self.texts, failure));
                }
            }
            // The list shows what it can; the strip says that one is offline.
            Purpose::Tell
            | Purpose::Sending { .. }
            | Purpose::Call(_)
            | Purpose::Opened(_)
            | Purpose::Members(_)
            | Purpose::Status => {
                self.changed = false;
            }
            _ => self.say_failure(failure),
        }
    }

    /// What could not be sent is being written again. Where something else is, going back finds it.
    fn give_back(&mut self, conversation: ConversationId, text: &str, mode: Mode) {
        if self.open_conversation() == Some(conversation) {
            if self.composer.is_idle() {
                self.composer.restore(text, mode);
                self.draft_changed();
            }
            return;
        }
        let has_room = self.list.conversation(conversation).is_some_and(|view| view.draft.is_empty());
        if has_room && !matches!(mode, Mode::Edit(_)) {
            let text = text.to_owned();
            self.list.set_draft(conversation, text.clone());
            self.read(Purpose::Draft(conversation), Command::SetDraft { conversation, text, wish: Wish::default() });
        }
    }

    fn on_page(&mut self, conversation: ConversationId, filling: u32, way: Way, messages: Vec<MessageView>) {
        let is_current = filling == self.filling;
        let Some(timeline) =
            self.timeline.as_mut().filter(|timeline| is_current && timeline.conversation == conversation)
        else {
            return;
        };
        let is_full = messages.len() >= PAGE as usize;
        match way {
            Way::Newest => {
                let selected = timeline.selected;
                timeline.restart();
                timeline.put_before(messages, is_full);
                timeline.selected = selected.filter(|id| timeline.message(*id).is_some());
            }
            Way::Before => timeline.put_before(messages, is_full),
            Way::After => timeline.put_after(messages, is_full),
            Way::Around => {
                timeline.put_before(messages, is_full);
                timeline.newer = true;
                if let Some(newest) = timeline.newest().map(|message| message.position) {
                    self.read_after(conversation, newest);
                }
                return;
            }
        }
        if let Some(goal) = timeline.goal.take() {
            self.with_timeline(|timeline, env| timeline.go_to(env, goal));
        } else {
            timeline.come_back();
        }
    }

    /// Calls the person for a message that has opened, however long ago it came.
    fn call_opened(&mut self, message: &MessageView) {
        self.changed = false;
        let calls = self.settings.bell || self.settings.notify;
        let is_seen = self.is_attended && self.open_conversation() == Some(message.conversation);
        let view = self.list.conversation(message.conversation);
        if calls && !is_seen && !message.request && view.is_some_and(|view| view.calls_for(message, self.now_ms)) {
            let title = message.conversation_name.clone();
            let text = crate::say::call(&self.texts, message);
            self.effects.push(Effect::Call { title, text });
        }
    }

    /// Calls the person for a message, if the conversation's settings say so.
    fn call(&mut self, message: &MessageView) {
        self.changed = false;
        let at_ms = message.received_at_ms.unwrap_or(message.sent_at_ms);
        let calls =
            self.list.conversation(message.conversation).is_some_and(|view| view.calls_for(message, self.now_ms));
        let called = self.times.called.get(&message.conversation).is_some_and(|called| *called >= message.position);
        if calls && !called && at_ms + LATE > self.now_ms && !message.request {
            self.times.called.insert(message.conversation, message.position);
            let title = message.conversation_name.clone();
            let text = crate::say::call(&self.texts, message);
            self.effects.push(Effect::Call { title, text });
        }
    }
}

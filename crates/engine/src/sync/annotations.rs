//! What is done to messages after they were said: taken from the log, put together, and brought to the messages.
//!
//! `marks` holds what all annotations in the log come to ([`huis_core::annotations`]); the row of a message is what follows
//! from that, from its first content, and from what this device has on its way. So each step can work it out anew.

use huis_core::annotations::{Annotation, Mark, MessageRef, Place, may_entitle, may_set_timer};
use huis_core::content::{Content, Timer, TimerSetting};
use huis_core::groups::Role;
use huis_proto::{AccountId, Bytes, ConversationId, Member, MessageId};
use huis_views::{Event, Failure, Notice};

use crate::client::Step;
use crate::db::{ConversationRow, DbError, MessageRow, MessageStanding, OutboxRow, Task};
use crate::reading::timer_view;
use crate::vanishing::vanished;

/// Of a message that changed, so many answers are told to a face, which shows what they quote; the newest ones.
const MOST_TOLD: u32 = 256;

impl Step<'_> {
    /// An annotation of another device came. Judged by the roster in force where it stands in the log; who may not do it
    /// is not heard, then or later.
    pub(super) fn take_annotation(
        &mut self,
        conversation: &ConversationRow,
        author: Member,
        annotation: &Annotation,
        place: Place,
        at_ms: u64,
    ) -> Result<(), DbError> {
        let role = self.role_in_force(conversation.id, author.account);
        if !annotation.is_permitted(conversation.kind, author.account, role) {
            return Ok(());
        }
        self.settle_mark(conversation.id, annotation, author.account, place, at_ms)
    }

    /// A title, a topic or a timer came: what its author may set counts.
    pub(super) fn take_settings(
        &mut self,
        conversation: &ConversationRow,
        author: AccountId,
        set: Set<'_>,
        place: Place,
    ) -> Result<(), DbError> {
        let (kind, role) = (conversation.kind, self.role_in_force(conversation.id, author));
        let entitles = may_entitle(kind, role);
        let set = Set {
            title: set.title.filter(|_| entitles),
            topic: set.topic.filter(|_| entitles),
            timer: set.timer.filter(|_| may_set_timer(kind, role)),
        };
        self.settle_settings(conversation.id, author, set, place)
    }

    /// Whoever came in without having been told the timer takes it over from what somebody says who may set it.
    pub(super) fn hear_timer(
        &mut self,
        conversation: &ConversationRow,
        author: AccountId,
        timer: Option<Timer>,
    ) -> Result<(), DbError> {
        let (Some(timer), id) = (timer, conversation.id) else { return Ok(()) };
        let mut settings = self.tables.titles(id)?;
        if settings.timer_setting().is_some() || !may_set_timer(conversation.kind, self.role_in_force(id, author)) {
            return Ok(());
        }
        settings.take_timer(TimerSetting::On(timer), Place::before_the_log());
        self.tables.put_titles(id, &settings)?;
        self.event(Event::Conversation { conversation: id });
        self.state_changed()
    }

    /// The role that an account has in the group as it stands.
    pub(crate) fn role_in_force(&mut self, conversation: ConversationId, account: AccountId) -> Option<Role> {
        match self.group(conversation) {
            Ok(Some(group)) => group.roster().role(account),
            _ => None,
        }
    }

    /// Something of one's own that is no message is in the log. Nothing but what was permitted is sealed, and the server
    /// takes nothing that was sealed under another roster.
    pub(crate) fn said_in_log(
        &mut self,
        conversation: ConversationId,
        id: MessageId,
        content: &[u8],
        seq: u64,
        received_ms: u64,
    ) -> Result<(), DbError> {
        let Some(me) = self.client.me() else { return Ok(()) };
        let Ok(content) = Content::from_bytes(content) else { return Ok(()) };
        let place = Place { seq, id };
        if let Some(set) = Set::of(&content) {
            return self.settle_settings(conversation, me.account(), set, place);
        }
        let Some(annotation) = Annotation::of(&content) else { return Ok(()) };
        self.tables.delete_waiting_mark(conversation, id)?;
        self.settle_mark(conversation, &annotation, me.account(), place, received_ms)
    }

    /// An annotation of one's own was given up: everything is as if it had never been made, and somebody hears why.
    pub(crate) fn undo_mark(
        &mut self,
        conversation: ConversationId,
        id: MessageId,
        content: &[u8],
        failure: &Failure,
    ) -> Result<(), DbError> {
        let annotation = Content::from_bytes(content).ok().and_then(|content| Annotation::of(&content));
        let Some(annotation) = annotation else { return Ok(()) };
        if !self.tables.delete_waiting_mark(conversation, id)? {
            return Ok(());
        }
        if !self.client.is_awaited(id) {
            let (message, failure) = (annotation.target.message, failure.clone());
            self.notice(Some(conversation), Notice::NotDone { message, failure })?;
        }
        self.refresh_message(conversation, annotation.target)
    }

    pub(crate) fn settle_mark(
        &mut self,
        conversation: ConversationId,
        annotation: &Annotation,
        by: AccountId,
        place: Place,
        at_ms: u64,
    ) -> Result<(), DbError> {
        let target = annotation.target;
        if self.is_gone(conversation, target)? {
            return Ok(());
        }
        let known = self.tables.marks(conversation, target)?.unwrap_or_default();
        let mut marks = known.clone();
        marks.take(&annotation.mark, by, place, at_ms);
        if self.client.me().is_some_and(|me| me.account() == by) {
            marks.delete_stands_at(place);
        }
        let here = !self.tables.messages_meant(conversation, target)?.is_empty();
        if marks != known {
            self.tables.put_marks(conversation, target, &marks, here)?;
        }
        if marks.deleted().is_some() && known.deleted().is_none() {
            self.leaves_archive(conversation, target, &known, place.seq)?;
            self.erase_what_tells_of(conversation, target, &taken_back())?;
        }
        self.refresh_message(conversation, target)
    }

    /// Whether a message has vanished, and is not here for its files yet.
    fn is_gone(&self, conversation: ConversationId, target: MessageRef) -> Result<bool, DbError> {
        Ok(self.tables.has_vanished(conversation, target)?
            && self.tables.messages_meant(conversation, target)?.is_empty())
    }

    fn settle_settings(
        &mut self,
        conversation: ConversationId,
        by: AccountId,
        set: Set<'_>,
        place: Place,
    ) -> Result<(), DbError> {
        let mut settings = self.tables.titles(conversation)?;
        let before = settings.timer();
        settings.take(set.title, set.topic, place);
        if let Some(timer) = set.timer {
            settings.take_timer(timer, place);
        }
        self.tables.put_titles(conversation, &settings)?;
        if settings.timer() != before {
            let (by, timer) = (self.named(by)?, settings.timer().map(timer_view));
            self.notice(Some(conversation), Notice::TimerSet { by, timer })?;
        }
        let title = settings.title().map(str::to_owned);
        if let Some(mut row) = self.tables.conversation(conversation)?.filter(|row| row.room.is_none()) {
            row.title = title.or(row.title);
            self.tables.put_conversation(&row)?;
        }
        self.event(Event::Conversation { conversation });
        self.state_changed()
    }

    /// A message was stored: what was done to it before it came counts from here on.
    pub(crate) fn marks_meet_message(
        &mut self,
        conversation: ConversationId,
        target: MessageRef,
    ) -> Result<(), DbError> {
        let Some(marks) = self.tables.marks(conversation, target)? else { return Ok(()) };
        self.tables.put_marks(conversation, target, &marks, true)?;
        self.refresh_message(conversation, target)
    }

    /// Works out anew what a message says, from what it said first and everything that was done to it.
    pub(crate) fn refresh_message(&mut self, conversation: ConversationId, target: MessageRef) -> Result<(), DbError> {
        let Some(me) = self.client.me() else { return Ok(()) };
        let settled = self.tables.marks(conversation, target)?.unwrap_or_default();
        let mut marks = settled.clone();
        for waiting in self.tables.waiting_marks(conversation, target)? {
            marks.take(&waiting.annotation.mark, me.account(), waiting.place(), waiting.at_ms);
        }
        let meant = self.tables.messages_meant(conversation, target)?;
        if meant.is_empty() {
            return Ok(());
        }
        let mut reads_otherwise = false;
        for before in meant {
            let mut row = before.clone();
            row.deleted = marks.deleted().is_some();
            row.pinned = marks.pinned().map(|place| place.seq);
            if row.deleted {
                row.body.clear();
                row.mentions.clear();
                row.mentions_me = false;
            } else if row.kind == "text" {
                if let Ok(first) = Content::from_bytes(&row.content) {
                    row.set_text(&first, me.account());
                }
                if let Some(edited) = marks.edited().filter(|_| !row.stay.once) {
                    row.body.clone_from(&edited.body);
                    row.set_mentions(&edited.mentions, me.account());
                }
            }
            self.tables.set_marked(&row)?;
            reads_otherwise |= row.body != before.body || row.deleted != before.deleted || row.pinned != before.pinned;
            if settled.deleted().is_some() {
                self.tables.let_transfers_go(row.position)?;
                self.let_files_go(&before)?;
                self.wake_transfers();
                self.tables.set_content(&row, &[])?;
                self.tables.forget_quote(&row)?;
                self.tables.destroy_lock(row.position)?;
                if row.stay.ends() {
                    self.log_tells();
                }
            }
        }
        self.said(conversation, target.message);
        if reads_otherwise {
            for answer in self.tables.ids_of_answers_to(conversation, target, MOST_TOLD)? {
                self.said(conversation, answer);
            }
            self.changed(conversation);
        }
        Ok(())
    }

    /// What quotes a deleted message forgets what it said; what still waits to be done to it is given up, but for its
    /// delete, and so is itself if it waits to be said again.
    pub(crate) fn erase_what_tells_of(
        &mut self,
        conversation: ConversationId,
        target: MessageRef,
        why: &Failure,
    ) -> Result<(), DbError> {
        for answer in self.tables.answers_to(conversation, target)? {
            let Some(content) = without_excerpt(&answer.content) else { continue };
            self.tables.set_content(&answer, &content)?;
            self.tables.forget_sealed(answer.position)?;
            let Some(task) = self.tables.task_by_id(conversation, answer.id)? else { continue };
            if let Task::Say { shown: true, .. } = task.task {
                self.tables.set_task(task.position, &Task::Say { content: Bytes(content), shown: true })?;
            }
        }
        for row in self.tables.messages_meant(conversation, target)? {
            if row.own
                && row.standing == MessageStanding::Waiting
                && let Some(task) = self.tables.task_by_id(conversation, row.id)?
                && task.sealed.is_none()
            {
                self.need_not_be_said(&task, why)?;
            }
        }
        for waiting in self.tables.waiting_marks(conversation, target)? {
            if waiting.annotation.mark == Mark::Delete {
                continue;
            }
            match self.tables.task_by_id(conversation, waiting.id)? {
                // It may be on its way; what becomes of it changes nothing.
                Some(task) if task.sealed.is_some() => continue,
                Some(task) => self.drop_task(task.position)?,
                None => {}
            }
            self.tables.delete_waiting_mark(conversation, waiting.id)?;
            self.answer(waiting.id, Err(why.clone()));
        }
        Ok(())
    }

    /// A message of one's own was said once, was lost by the server, and was deleted or vanished before it was said again.
    pub(crate) fn need_not_be_said(&mut self, task: &OutboxRow, why: &Failure) -> Result<(), DbError> {
        self.drop_task(task.position)?;
        self.tables.set_standing(task.id, MessageStanding::Sent, None)?;
        self.said(task.conversation, task.id);
        self.answer(task.id, Err(why.clone()));
        Ok(())
    }

    /// Whether an annotation or a setting may be sealed: by the roster as it stands, and not on what was taken back.
    pub(crate) fn may_say(
        &mut self,
        conversation: &ConversationRow,
        id: MessageId,
        content: &Content,
    ) -> Result<(), Failure> {
        let Some(me) = self.client.me() else { return Err(Failure::NotSignedIn) };
        let role = self.role_in_force(conversation.id, me.account());
        if let Some(set) = Set::of(content) {
            let may = (set.title.is_none() && set.topic.is_none() || may_entitle(conversation.kind, role))
                && (set.timer.is_none() || may_set_timer(conversation.kind, role));
            return if may { Ok(()) } else { Err(Failure::NotAllowed) };
        }
        let Some(annotation) = Annotation::of(content) else { return Ok(()) };
        if !annotation.is_permitted(conversation.kind, me.account(), role) {
            return Err(Failure::NotAllowed);
        }
        // It may be here no more, and elsewhere still.
        if annotation.mark != Mark::Delete && self.is_gone(conversation.id, annotation.target)? {
            return Err(vanished());
        }
        let marks = self.tables.marks(conversation.id, annotation.target)?.unwrap_or_default();
        if marks.deleted().is_some() && annotation.mark != Mark::Delete {
            return Err(taken_back());
        }
        // What does not wait is said again, and only for as long as nothing took its place.
        if !marks.holds(id) && !self.tables.is_waiting_mark(conversation.id, id)? {
            return Err(Failure::Invalid { reason: "something newer was done to this message".into() });
        }
        Ok(())
    }

    /// A text as it is stored: without what it quotes where that was taken back, has vanished or will. Whether it says less then.
    pub(crate) fn without_what_was_deleted(&mut self, row: &mut MessageRow) -> Result<bool, DbError> {
        let Some(quoted) = row.quoted else { return Ok(false) };
        let marks = self.tables.marks(row.conversation, quoted)?;
        let is_forgotten = marks.is_some_and(|marks| marks.deleted().is_some())
            || self.tables.has_vanished(row.conversation, quoted)?
            || self.tables.messages_meant(row.conversation, quoted)?.iter().any(|quoted| quoted.stay.ends());
        if is_forgotten && let Some(content) = without_excerpt(&row.content) {
            row.content = content;
            row.opening = None;
            row.mac = None;
            return Ok(true);
        }
        Ok(false)
    }

    /// The log was cut behind `head`: what stood there stands before everything that comes, and what this account did is
    /// said again.
    pub(super) fn marks_go_back(&mut self, conversation: ConversationId, head: u64) -> Result<(), DbError> {
        let Some(me) = self.client.me() else { return Ok(()) };
        for (target, mut marks, here) in self.tables.marks_behind(conversation, head)? {
            let ends = self.tables.messages_meant(conversation, target)?.iter().any(|row| row.stay.ends());
            for (id, mut content) in marks.done_by(me.account(), target, head) {
                if let Content::Edit { vanishes, .. } = &mut content {
                    *vanishes = ends;
                }
                if let Ok(content) = content.to_bytes() {
                    self.task(conversation, id, &Task::Say { content: Bytes(content), shown: false })?;
                }
            }
            marks.cut(head);
            self.tables.put_marks(conversation, target, &marks, here)?;
            self.refresh_message(conversation, target)?;
        }
        let mut settings = self.tables.titles(conversation)?;
        settings.cut(head);
        self.tables.put_titles(conversation, &settings)
    }
}

/// What is set for a conversation; what is none stays.
#[derive(Clone, Copy)]
pub(super) struct Set<'a> {
    title: Option<&'a str>,
    topic: Option<&'a str>,
    timer: Option<TimerSetting>,
}

impl<'a> Set<'a> {
    /// What content sets, if it sets anything.
    pub(super) fn of(content: &'a Content) -> Option<Self> {
        let Content::Settings { title, topic, timer } = content else { return None };
        Some(Self { title: title.as_deref(), topic: topic.as_deref(), timer: *timer })
    }
}

/// Why nothing is done to a message any more.
pub(crate) fn taken_back() -> Failure {
    Failure::Invalid { reason: "this message was taken back".into() }
}

/// The content of an answer without what it quotes, if there is anything to take away.
fn without_excerpt(content: &[u8]) -> Option<Vec<u8>> {
    Content::from_bytes(content).ok()?.without_excerpt()?.to_bytes().ok()
}

#[cfg(test)]
mod tests;

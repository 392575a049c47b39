//! What members say: stored, counted, compared with this device's own view of the log.

use huis_core::annotations::{Annotation, Place};
use huis_core::content::{Content, ReceiptKind};
use huis_core::groups::OpenedMessage;
use huis_core::history::{Comparison, Continuation, compare, continuation};
use huis_proto::frames::LogEntry;
use huis_proto::{ConversationId, ConversationKind};
use huis_views::{Event, Notice};

use super::annotations::Set;
use crate::client::Step;
use crate::db::{ConversationRow, DbError, MessageRow, MessageStanding};

/// In larger groups, and in open rooms, nobody is told that a message was delivered or read.
pub(crate) const RECEIPTS_UP_TO: usize = 32;

impl Step<'_> {
    pub(super) fn take_opened_message(
        &mut self,
        conversation: &ConversationRow,
        entry: &LogEntry,
        message: OpenedMessage,
    ) -> Result<(), DbError> {
        let id = conversation.id;
        let author = message.author;
        self.check_history(conversation, entry, &message)?;
        let Some(me) = self.client.me() else { return Ok(()) };
        let own = author.account == me.account();
        if self.account(author.account)?.blocked {
            return Ok(());
        }
        if !own {
            self.is_answered(conversation)?;
        }
        let place = Place { seq: entry.seq, id: message.id };
        if let Content::Edit { target, vanishes: true, .. } = &message.content
            && self.tables.messages_meant(id, *target)?.is_empty()
        {
            // Nothing would take this text away again.
            return Ok(());
        }
        if let Some(annotation) = Annotation::of(&message.content) {
            self.take_annotation(conversation, author, &annotation, place, entry.received_at_ms)?;
            return if own { self.accept(id) } else { Ok(()) };
        }
        if let Some(set) = Set::of(&message.content) {
            return self.take_settings(conversation, author.account, set, place);
        }
        let (kind, shown) = match &message.content {
            Content::Text { .. } => ("text".to_owned(), true),
            Content::Files { .. } => ("file".to_owned(), true),
            Content::Timed(_) => ("timed".to_owned(), true),
            Content::Receipt { kind: ReceiptKind::Read, messages } if own => {
                return self.read_elsewhere(id, messages, entry.received_at_ms);
            }
            Content::Card(card) => return self.take_card(conversation, author.account, card, entry.received_at_ms),
            Content::Receipt { kind, messages } => {
                for receipt in messages {
                    let read = *kind == ReceiptKind::Read;
                    if self.tables.add_receipt(*receipt, author.account, read, entry.received_at_ms)? {
                        self.said(id, *receipt);
                    }
                }
                return Ok(());
            }
            Content::Unknown { kind } => (kind.clone(), true),
            _ => ("unknown".to_owned(), true),
        };
        let mut row = MessageRow::waiting(id, message.id, author, message.sent_at_ms);
        row.own = own;
        row.seq = Some(entry.seq);
        row.received_ms = Some(entry.received_at_ms);
        row.kind = kind;
        row.set_text(&message.content, me.account());
        row.content = message.content_bytes;
        row.set_opening(&message.opening);
        row.mac = entry.mac;
        self.hear_timer(conversation, author.account, row.stay.timer)?;
        if !self.stays(&mut row, entry.received_at_ms)? {
            return if own { self.accept(id) } else { Ok(()) };
        }
        self.without_what_was_deleted(&mut row)?;
        row.author_listed = message.author_listed;
        row.standing = if own { MessageStanding::Sent } else { MessageStanding::Received };
        let Some(position) = self.tables.add_message(&row)? else { return Ok(()) };
        if let Content::Timed(timed) = &message.content {
            self.is_locked_until(conversation, position, timed)?;
        }
        if shown {
            self.heard_in(id, entry.received_at_ms)?;
            self.brings_back(id, Some(entry.seq), entry.received_at_ms)?;
            if self.client.presence.borrow_mut().has_said(id, author) {
                self.event(Event::Presence { conversation: id });
            }
        } else {
            self.tables.mark_printed(position)?;
        }
        self.marks_meet_message(id, row.as_target())?;
        self.said(id, message.id);
        if own {
            // Answered on another device of one's own: that accepted it.
            return self.accept(id);
        }
        self.read_before_it_came(id, entry.seq, position)?;
        let quiet = conversation.kind == ConversationKind::Open || conversation.accounts.len() > RECEIPTS_UP_TO;
        if shown && conversation.accepted && !quiet {
            self.tables.owe_receipt(id, message.id, false)?;
            self.wake_upkeep();
        }
        Ok(())
    }

    /// What a person sees moves the conversation up; receipts and the like do not.
    pub(crate) fn heard_in(&mut self, id: ConversationId, received_ms: u64) -> Result<(), DbError> {
        if let Some(mut row) = self.tables.conversation(id)?.filter(|row| row.newest_ms < received_ms) {
            row.newest_ms = received_ms;
            self.tables.put_conversation(&row)?;
        }
        Ok(())
    }

    /// Missing, repeated or different history is noticed as soon as another member's message shows it.
    fn check_history(
        &mut self,
        conversation: &ConversationRow,
        entry: &LogEntry,
        message: &OpenedMessage,
    ) -> Result<(), DbError> {
        let (id, author) = (conversation.id, message.author);
        let highest = self.tables.sender_counter(id, author)?;
        let sender = self.named(author.account)?;
        match continuation(highest, message.counter) {
            Continuation::InOrder => {}
            Continuation::Missing(count) => {
                self.notice(Some(id), Notice::MissingFrom { sender: sender.clone(), count })?;
            }
            Continuation::Repeated => {
                self.notice(Some(id), Notice::CounterRepeated { sender: sender.clone() })?;
            }
        }
        self.tables.put_sender_counter(id, author, message.counter)?;
        let Some(seen) = message.last_seen else { return Ok(()) };
        let own = self.tables.entry_hash(id, seen.seq)?;
        let oldest = self.tables.oldest_entry_hash(id)?.unwrap_or(entry.seq).max(conversation.first);
        match compare(&seen, own.as_ref(), oldest, entry.seq) {
            Comparison::Same | Comparison::NotKept => Ok(()),
            Comparison::Forked => self.notice(Some(id), Notice::Forked { sender, seq: seen.seq }),
            Comparison::Hole => self.notice(Some(id), Notice::Hole { sender, seq: seen.seq }),
        }
    }

    /// The conversation is no request (any more).
    pub(crate) fn accept(&mut self, id: ConversationId) -> Result<(), DbError> {
        if let Some(mut row) = self.tables.conversation(id)?.filter(|row| !row.accepted) {
            row.accepted = true;
            self.tables.put_conversation(&row)?;
            self.no_request_any_more(id);
            self.state_changed()?;
        }
        Ok(())
    }

    /// What was put off until the request was accepted is done: joins, a fresh key for the leaf, a GroupInfo.
    pub(crate) fn no_request_any_more(&mut self, id: ConversationId) {
        self.may_bring_group_info(id);
        self.wake_time_locks();
        self.wake_outbox();
        self.wake_upkeep();
        self.changed(id);
    }
}

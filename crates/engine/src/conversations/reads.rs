//! What was read, agreed among the account's devices.
//!
//! In small groups the account's own read receipts tell them. For open rooms, large groups and people who send no
//! receipts the account state tells them, by places in the log, as each device has an order of its own; nobody else
//! learns anything.

use huis_core::account_state::KnownConversation;
use huis_proto::{ConversationId, ConversationKind, MessageId};
use huis_views::Failure;

use crate::client::{Client, Step};
use crate::db::{ConversationRow, DbError, SettingsRow, Tables};
use crate::sync::RECEIPTS_UP_TO;

/// The account state is stored at most this often for the sake of what was read, in milliseconds.
pub(crate) const SHARED_EVERY_MS: u64 = 60_000;

impl Client {
    /// Moves the mark of what was read, and owes read receipts where the author may have them.
    pub(crate) fn mark_read(&self, conversation: ConversationId, up_to: u64) -> Result<(), Failure> {
        self.step(|step| step.read_up_to(step.conversation(conversation)?, up_to).map_err(Failure::from))
    }

    /// What was printed was shown, and so was read.
    pub(crate) fn mark_printed(&self, positions: &[u64]) -> Result<(), DbError> {
        self.step(|step| {
            for position in positions {
                step.tables.mark_printed(*position)?;
                let Some(message) = step.tables.message_at(*position)? else { continue };
                if let Some(row) = step.tables.conversation(message.conversation)? {
                    step.read_up_to(row, *position)?;
                }
            }
            Ok(())
        })
    }

    /// Has the other devices told what was read, if that is due. Gives how long it has to wait yet, in milliseconds.
    pub(crate) fn share_reads(&self, at_once: bool) -> Result<Option<u64>, DbError> {
        if !self.read(|tables| tables.fact::<bool>("reads_due"))?.unwrap_or(false) {
            return Ok(None);
        }
        let (now_ms, next_ms) = (self.clock.now_ms(), self.reads_shared_ms.get().saturating_add(SHARED_EVERY_MS));
        // A clock that was set back delays nothing for long.
        if !at_once && now_ms < next_ms && next_ms - now_ms <= SHARED_EVERY_MS {
            return Ok(Some(next_ms - now_ms));
        }
        self.reads_shared_ms.set(now_ms);
        self.step(|step| {
            step.tables.put_fact("reads_due", &false)?;
            step.state_changed()
        })?;
        Ok(None)
    }
}

impl Step<'_> {
    fn read_up_to(&mut self, mut row: ConversationRow, up_to: u64) -> Result<(), DbError> {
        let conversation = row.id;
        // What was locked when it was read, and vanishes once it is.
        let mut read = self.tables.to_be_read(conversation, up_to.min(row.read_up_to))?;
        if up_to <= row.read_up_to && read.is_empty() {
            return Ok(());
        }
        let quiet = row.kind == ConversationKind::Open || row.accounts.len() > RECEIPTS_UP_TO;
        if row.accepted && !quiet && self.tables.preferences()?.read_receipts {
            read.extend(self.tables.received_between(conversation, row.read_up_to, up_to)?);
            for message in read {
                self.tables.owe_receipt(conversation, message, true)?;
            }
            self.wake_upkeep();
        } else if row.accepted {
            self.tables.put_fact("reads_due", &true)?;
            self.wake_presence();
        }
        row.read_up_to = row.read_up_to.max(up_to);
        self.tables.put_conversation(&row)?;
        let read_ms = self.client.timers_begin_ms();
        // Other devices take it for everything up to the mark.
        if !self.tables.is_to_be_read_between(conversation, up_to, row.read_up_to, read_ms)? {
            self.tables.put_read_ms(conversation, read_ms)?;
        }
        self.was_read(conversation, up_to, read_ms)?;
        self.changed(conversation);
        Ok(())
    }

    /// Another device of the account sent read receipts for these messages.
    pub(crate) fn read_elsewhere(
        &mut self,
        id: ConversationId,
        messages: &[MessageId],
        read_ms: u64,
    ) -> Result<(), DbError> {
        let mut up_to = 0;
        for message in messages {
            up_to = up_to.max(self.tables.position_of_received(id, *message)?.unwrap_or(0));
        }
        self.raise_mark(id, up_to, read_ms)
    }

    /// A message came in this place of the log; it may have been read before it came.
    pub(crate) fn read_before_it_came(&mut self, id: ConversationId, seq: u64, position: u64) -> Result<(), DbError> {
        let known = self.tables.settings(id)?;
        if seq <= known.read_seq {
            self.raise_mark(id, position, self.read_at(known.read_ms))?;
        }
        Ok(())
    }

    /// Takes over how far another device has read, and when.
    pub(crate) fn merge_reads(&mut self, row: &ConversationRow, theirs: &KnownConversation) -> Result<(), DbError> {
        let (id, settings) = (row.id, self.tables.settings(row.id)?);
        let here = read_seq(self.tables, row, &settings)?;
        let is_earlier = theirs.read_ms != 0 && (settings.read_ms == 0 || theirs.read_ms < settings.read_ms);
        let is_news = theirs.read_up_to > here || theirs.read_up_to == here && is_earlier;
        if theirs.read_up_to == 0 {
            return Ok(());
        }
        let position = self.tables.position_of_seq(id, theirs.read_up_to)?;
        if theirs.read_ms != 0 {
            // Also where this device's mark is as far: something may have opened behind it that was read only then.
            self.was_read(id, position, theirs.read_ms)?;
        }
        if !is_news && theirs.read_up_to <= settings.read_seq {
            return Ok(());
        }
        if theirs.read_up_to > settings.read_seq {
            self.tables.put_read_seq(id, theirs.read_up_to)?;
        }
        if is_news {
            self.tables.put_read_ms(id, theirs.read_ms)?;
        }
        self.raise_mark(id, position, self.read_at(theirs.read_ms))
    }

    /// Messages came from the archive: those that were read are known by their places.
    pub(crate) fn reads_what_was_restored(&mut self, id: ConversationId) -> Result<(), DbError> {
        let known = self.tables.settings(id)?;
        let position = self.tables.position_of_seq(id, known.read_seq)?;
        self.raise_mark(id, position, self.read_at(known.read_ms))
    }

    /// When something was read, where that is known; else it is as if it had been at this moment.
    fn read_at(&self, read_ms: u64) -> u64 {
        if read_ms == 0 { self.client.timers_begin_ms() } else { read_ms }
    }

    /// Another device's word may come after this one's own, and tell of an earlier time; and behind the mark something may have
    /// opened that was read only then.
    fn raise_mark(&mut self, id: ConversationId, up_to: u64, read_ms: u64) -> Result<(), DbError> {
        let Some(mut row) = self.tables.conversation(id)? else { return Ok(()) };
        self.was_read(id, up_to, read_ms)?;
        if row.read_up_to < up_to {
            row.read_up_to = up_to;
            self.tables.put_conversation(&row)?;
            self.tables.put_read_ms(id, read_ms)?;
            self.changed(id);
        }
        Ok(())
    }
}

/// How far the account has read a conversation, by its log.
pub(crate) fn read_seq(tables: Tables<'_>, row: &ConversationRow, settings: &SettingsRow) -> Result<u64, DbError> {
    Ok(tables.seq_at(row.id, row.read_up_to, row.cursor)?.max(settings.read_seq))
}

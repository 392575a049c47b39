//! Saying something, and what is said about what others said.

use huis_core::content::Content;
use huis_proto::{Bytes, ConversationId, ConversationKind, MessageId};
use huis_views::{Failure, Send, Sent};

use crate::client::{Client, Step};
use crate::db::{ConversationRow, DbError, MessageRow, MessageStanding, State, Task};
use crate::sync::RECEIPTS_UP_TO;

/// Messages that may wait to be sent.
const MOST_WAITING: u32 = 10_000;

impl Client {
    /// Stores what is said with its place in the outbox, and waits for the server if that is wished.
    pub(crate) async fn send(&self, wish: Send) -> Result<Sent, Failure> {
        let me = self.signed_in()?;
        let content = Content::text(wish.text.clone())
            .and_then(|content| content.to_bytes())
            .map_err(|error| Failure::Invalid { reason: error.to_string() })?;
        if self.read(|tables| tables.count_tasks())? >= MOST_WAITING {
            return Err(Failure::Busy);
        }
        let conversation = self.find_or_open(&wish.to).await?;
        let id = self.random_id();
        let outcome = self.outcome(id);
        self.step(|step| {
            step.speaks_in(conversation)?;
            let mut message = MessageRow::waiting(conversation, id, me.device.member, step.client.now_ms());
            message.body = wish.text;
            message.content = content.clone();
            step.tables.add_message(&message)?;
            step.task(conversation, id, &Task::Say { content: Bytes(content), shown: true })?;
            step.said(conversation, id);
            Ok::<_, Failure>(())
        })?;
        if !wish.wait {
            return Ok(Sent { id, conversation, seq: None });
        }
        let outcome = outcome.await.map_err(|_| Failure::Stopped)??;
        Ok(Sent { id, conversation: outcome.conversation, seq: Some(outcome.seq) })
    }

    /// Sends a message that failed once more, under the same id.
    pub(crate) fn retry(&self, message: MessageId) -> Result<(), Failure> {
        self.step(|step| {
            let row = step.tables.own_message(message)?.ok_or_else(|| unknown(message))?;
            if row.standing != MessageStanding::Failed {
                return Err(Failure::Invalid { reason: "this message has not failed".into() });
            }
            step.speaks_in(row.conversation)?;
            step.tables.set_standing(message, MessageStanding::Waiting, None)?;
            let task = Task::Say { content: Bytes(row.content), shown: true };
            step.task(row.conversation, message, &task)?;
            step.said(row.conversation, message);
            Ok(())
        })
    }

    /// Forgets a message that was not sent. One that is sealed may be on its way, and is no longer one's own to stop.
    pub(crate) fn discard(&self, message: MessageId) -> Result<(), Failure> {
        self.step(|step| {
            let row = step.tables.own_message(message)?.ok_or_else(|| unknown(message))?;
            if !matches!(row.standing, MessageStanding::Failed | MessageStanding::Waiting) {
                return Err(Failure::Invalid { reason: "this message was sent already".into() });
            }
            if let Some(task) = step.tables.task_by_id(row.conversation, message)? {
                if task.sealed.is_some() || task.counter.is_some() {
                    return Err(Failure::Invalid { reason: "this message may be on its way already".into() });
                }
                step.tables.delete_task(task.position)?;
            }
            step.tables.delete_message(row.position)?;
            step.said(row.conversation, message);
            step.answer(message, Err(Failure::Invalid { reason: "the message was discarded".into() }));
            Ok(())
        })
    }

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
}

impl Step<'_> {
    /// A person says something in a conversation, where that can be done; who speaks accepts.
    fn speaks_in(&mut self, conversation: ConversationId) -> Result<(), Failure> {
        let row = self.conversation(conversation)?;
        match row.state {
            State::Left => return Err(Failure::NotAMember),
            State::Held => {
                let reason = "its members differ from those that were known; look at the notices".into();
                return Err(Failure::Invalid { reason });
            }
            State::Joining | State::Joined | State::Repairing => {}
        }
        if let Some(peer) = row.peer {
            self.client.check_contact(&self.account(peer)?)?;
        }
        Ok(self.accept(conversation)?)
    }

    fn read_up_to(&mut self, mut row: ConversationRow, up_to: u64) -> Result<(), DbError> {
        if up_to <= row.read_up_to {
            return Ok(());
        }
        let conversation = row.id;
        let quiet = row.kind == ConversationKind::Open || row.accounts.len() > RECEIPTS_UP_TO;
        if row.accepted && !quiet {
            for message in self.tables.received_between(conversation, row.read_up_to, up_to)? {
                self.tables.owe_receipt(conversation, message, true)?;
            }
            self.wake_upkeep();
        }
        row.read_up_to = up_to;
        self.tables.put_conversation(&row)?;
        self.changed(conversation);
        Ok(())
    }
}

fn unknown(message: MessageId) -> Failure {
    Failure::Unknown { what: "message of yours".into(), name: message.to_string() }
}

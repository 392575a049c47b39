//! What the server answers to submitted messages.

use huis_core::history::entry_hash;
use huis_proto::frames::Accepted;
use huis_proto::{ConversationId, ErrorCode, MessageId, Problem};
use huis_views::Failure;

use super::MOST_TRIES;
use crate::api::refusal;
use crate::client::{Client, Outcome, Step};
use crate::db::{DbError, OutboxRow, State, Task};

/// How long a conversation waits for a commit that the server says exists, before it asks again.
const WAIT_FOR_COMMIT_MS: u64 = 30_000;

/// How often something is sealed anew that was refused because this device is no member.
const TRIES_OUTSIDE: u64 = 3;

pub(super) fn unblock_after(now_ms: u64) -> u64 {
    now_ms.saturating_add(WAIT_FOR_COMMIT_MS)
}

impl Client {
    /// A submission is on the server's disk.
    pub(crate) fn accepted(&self, accepted: &Accepted) -> Result<(), DbError> {
        let Some(position) = self.traffic.borrow_mut().in_flight.remove(&accepted.request) else { return Ok(()) };
        self.went_well();
        let done = self.step(|step| match step.tables.task(position)? {
            Some(row) => step.message_accepted(&row, accepted.seq, accepted.received_at_ms),
            None => Ok(()),
        });
        self.signals.outbox.notify_one();
        done
    }

    /// A submission was refused; nothing of it is on the server.
    pub(crate) fn refused(&self, request: u32, problem: &Problem) -> Result<(), DbError> {
        let Some(position) = self.traffic.borrow_mut().in_flight.remove(&request) else { return Ok(()) };
        self.signals.outbox.notify_one();
        let Some(row) = self.read(|tables| tables.task(position))? else { return Ok(()) };
        match problem.code {
            ErrorCode::Stale if row.tries < MOST_TRIES => {
                self.wait_for_commit(row.conversation, row.follows.map_or(0, |follows| follows + 1));
                self.step(|step| step.tables.unseal_refused(position))
            }
            ErrorCode::SubmissionBehind if row.tries < MOST_TRIES => {
                let highest = self.read(|tables| tables.submissions())?;
                self.step(|step| step.tables.unseal_refused(position))?;
                if row.submission == Some(highest) {
                    // The server knows a higher counter than this database ever gave: the next `ready` says which.
                    self.signals.reconnect.notify_one();
                }
                Ok(())
            }
            ErrorCode::NotAMember if row.tries < MOST_TRIES && self.is_contested(row.conversation)? => {
                self.wait_for_contest(row.conversation);
                self.step(|step| step.tables.unseal_refused(position))
            }
            // Taken out while it was away; what comes from the log says whether it joins again or is out for good.
            ErrorCode::NotAMember if row.tries < TRIES_OUTSIDE => {
                self.wait_for_commit(row.conversation, u64::MAX);
                self.step(|step| step.tables.unseal_refused(position))
            }
            ErrorCode::TooManyRequests
            | ErrorCode::Unavailable
            | ErrorCode::Internal
            | ErrorCode::StorageFull
            | ErrorCode::ClientTooOld => {
                // What travelled with it is refused with it: one pause for all, then they go in their order again.
                if self.clock.now_ms() >= self.traffic.borrow().not_before_ms {
                    self.pause(problem.retry_after_s);
                }
                Ok(())
            }
            ErrorCode::FileUnknown | ErrorCode::FileUnfinished => self.step(|step| {
                if step.file_is_missing(&row, problem)? {
                    step.give_up(&row)
                } else {
                    step.fail_submitted(&row, refusal(problem))
                }
            }),
            _ => self.step(|step| step.fail_submitted(&row, refusal(problem))),
        }
    }
}

impl Step<'_> {
    /// One's own message or leave is in the log, as an answer or an entry says.
    pub(crate) fn message_accepted(&mut self, row: &OutboxRow, seq: u64, received_ms: u64) -> Result<(), DbError> {
        let conversation = row.conversation;
        let Some(me) = self.client.me() else { return Ok(()) };
        if let Some(sealed) = &row.sealed {
            let hash = entry_hash(conversation, seq, row.id, sealed);
            self.tables.put_entry_hash(conversation, seq, hash)?;
            if let Some(counter) = row.counter {
                self.tables.put_own_counter(conversation, seq, counter)?;
            }
        }
        self.tables.delete_task(row.position)?;
        match &row.task {
            Task::Leave => {
                if let Some(mut known) = self.tables.conversation(conversation)? {
                    // What comes behind it comes by a fresh invitation.
                    known.cursor = known.cursor.max(seq);
                    self.tables.put_conversation(&known)?;
                }
                self.left(conversation)?;
            }
            Task::Say { shown: true, .. } => {
                self.tables.mark_sent(conversation, me.device.member.device, row.id, seq, received_ms)?;
                if let Some(message) = self.tables.own_message(row.id)? {
                    if message.kind == "file" {
                        self.tables.forget_uploads_of(message.position)?;
                        self.wake_transfers();
                    }
                    self.was_sent(&message, received_ms)?;
                }
                if let Some(mut known) = self.tables.conversation(conversation)? {
                    known.newest_ms = known.newest_ms.max(received_ms);
                    self.tables.put_conversation(&known)?;
                }
                self.said(conversation, row.id);
            }
            Task::Say { content, shown: false } | Task::Tell { content } => {
                self.said_in_log(conversation, row.id, content, seq, received_ms)?;
            }
            _ => {}
        }
        self.answer(row.id, Ok(Outcome { conversation, seq }));
        self.wake_outbox();
        Ok(())
    }

    /// This account has left: what was said stays, the keys go.
    pub(crate) fn left(&mut self, conversation: ConversationId) -> Result<(), DbError> {
        self.forget_group(conversation).map_err(|_| DbError::Form("group"))?;
        for waiting in self.tables.tasks_of(conversation)? {
            self.fail_task(&waiting, Failure::NotAMember)?;
        }
        self.forget_leavers(conversation)?;
        if let Some(mut row) = self.tables.conversation(conversation)? {
            row.state = State::Left;
            self.tables.put_conversation(&row)?;
        }
        self.changed(conversation);
        self.state_changed()
    }

    /// A message that the server refused waits for its files again, and is sealed when they are there.
    fn give_up(&mut self, row: &OutboxRow) -> Result<(), DbError> {
        self.give_back(row)?;
        self.drop_task(row.position)?;
        self.said(row.conversation, row.id);
        Ok(())
    }

    /// Gives up a message that the server refused for good. Its counter is used again.
    fn fail_submitted(&mut self, row: &OutboxRow, failure: Failure) -> Result<(), DbError> {
        self.give_back(row)?;
        self.fail_task(row, failure)
    }

    /// An entry of this very device came back: whatever waits for it is answered.
    pub(crate) fn own_entry(
        &mut self,
        conversation: ConversationId,
        id: MessageId,
        seq: u64,
        received_ms: u64,
    ) -> Result<(), DbError> {
        match self.tables.task_by_id(conversation, id)? {
            Some(row) if row.task.is_message() => self.message_accepted(&row, seq, received_ms),
            Some(row) => {
                self.tables.delete_task(row.position)?;
                if matches!(row.task, Task::Invite { .. }) {
                    self.tell_newcomers(conversation)?;
                }
                self.answer(id, Ok(Outcome { conversation, seq }));
                self.wake_outbox();
                Ok(())
            }
            None => Ok(()),
        }
    }
}

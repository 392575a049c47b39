//! Messages: sealed in one step with their place in the outbox, then sent.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use huis_core::content::{Content, Draft};
use huis_core::groups::{Disposition, GroupError, PrepareError, SealError};
use huis_core::history::LastSeen;
use huis_core::time_locks::{Place, Timed};
use huis_proto::frames::{ClientFrame, Submit};
use huis_proto::{Bytes, ConversationId, ConversationKind};
use huis_views::{Failure, RepairReason};

use super::answers::unblock_after;
use crate::accounts::identity_changed;
use crate::client::{Client, Step};
use crate::db::{DbError, OutboxRow, State, Task};
use crate::sync::taken_back;
use crate::vanishing::vanished;

/// Device lists older than this are asked for before something is said.
const LISTS_FRESH_MS: u64 = 3_600_000;
/// How long a conversation waits for others to contest a commit by which the server takes this device for no member.
const WAIT_FOR_CONTEST_MS: u64 = 2_000;
/// In larger conversations lists are fetched only when something makes it necessary.
const SMALL: usize = 32;

/// Whether something can be sealed in a conversation.
enum Readiness {
    Ready,
    /// Not now; something else goes first.
    Later,
    /// It will not work.
    Refused(Failure),
    /// Not before a person does something; it waits.
    Held(Failure),
}

impl Client {
    /// Sends sealed messages with the same bytes as before.
    pub(super) fn resend(&self, rows: &[OutboxRow]) {
        let mut traffic = self.traffic.borrow_mut();
        let mut frames = Vec::new();
        for row in rows {
            let (Some(submission), Some(sealed)) = (row.submission, &row.sealed) else { continue };
            traffic.next_request = traffic.next_request.wrapping_add(1);
            let request = traffic.next_request;
            traffic.in_flight.insert(request, row.position);
            let payload = Bytes(sealed.clone());
            frames.push(ClientFrame::Submit(Submit { request, submission, payload, share: row.share }));
        }
        traffic.queue(&frames);
        drop(traffic);
        self.signals.frames.notify_one();
    }

    pub(super) async fn seal_and_send(&self, rows: Vec<OutboxRow>) {
        let mut readiness = BTreeMap::new();
        for row in &rows {
            if let Entry::Vacant(entry) = readiness.entry(row.conversation) {
                entry.insert(self.readiness(row.conversation).await);
            }
        }
        let sealed = self.step(|step| {
            // What the turn of another conversation, or another flow, has found out since counts as well.
            for (conversation, readiness) in &mut readiness {
                if matches!(readiness, Ok(Readiness::Ready))
                    && let Some(row) = step.tables.conversation(*conversation)?
                    && let Some(known) = step.tables.stopped_by(&row)?
                {
                    *readiness = Ok(Readiness::Held(identity_changed(&known)));
                }
            }
            let mut sealed = Vec::new();
            for row in rows {
                match readiness.get(&row.conversation) {
                    Some(Ok(Readiness::Ready)) => sealed.extend(step.seal(row)?),
                    Some(Ok(Readiness::Refused(failure))) => step.fail_task(&row, failure.clone())?,
                    // Who leaves says nothing to anybody.
                    Some(Ok(Readiness::Held(_))) if row.task == Task::Leave => sealed.extend(step.seal(row)?),
                    Some(Ok(Readiness::Held(failure))) => step.hold(&row, failure)?,
                    _ => {}
                }
            }
            Ok::<_, DbError>(sealed)
        });
        match sealed {
            Ok(sealed) => {
                let mut traffic = self.traffic.borrow_mut();
                for row in &sealed {
                    traffic.sealed_at(row.conversation, row.follows.unwrap_or_default());
                }
                drop(traffic);
                self.resend(&sealed);
            }
            Err(error) => {
                tracing::warn!(%error, "nothing was sealed");
                self.pause(None);
            }
        }
    }

    /// Fetches what is missing and commits what has to be committed before something is said.
    async fn readiness(&self, conversation: ConversationId) -> Result<Readiness, Failure> {
        let row = self.read(|tables| tables.conversation(conversation))?;
        let Some(row) = row.filter(|row| row.state == State::Joined) else {
            return Ok(Readiness::Refused(Failure::NotAMember));
        };
        if row.kind != ConversationKind::Open && row.accounts.len() <= SMALL {
            let old = self.clock.now_ms().saturating_sub(LISTS_FRESH_MS);
            let stale = self.read(|tables| {
                let mut stale = Vec::new();
                for account in &row.accounts {
                    if tables.account(*account)?.is_none_or(|known| known.checked_ms < old) {
                        stale.push(*account);
                    }
                }
                Ok::<_, DbError>(stale)
            })?;
            // Without an answer the known lists decide, as they do for whoever is offline.
            let _ = self.fetch_lists(&stale).await;
        }
        if let Some(known) = self.read(|tables| tables.stopped_by(&row))? {
            return Ok(Readiness::Held(identity_changed(&known)));
        }
        let untidy = self.step(|step| {
            let known = step.client.known();
            let group = match step.group(conversation) {
                Ok(Some(group)) => group,
                Ok(None) => return step.repair(conversation, RepairReason::StateLost).map(|()| None),
                Err(error) => return step.group_damaged(conversation, &error).map(|()| None),
            };
            let untidy = group.has_pending_proposals() || !group.unlisted(&known).is_empty();
            Ok::<_, DbError>(Some(untidy || step.voided_leaves(conversation)?.is_some()))
        })?;
        match untidy {
            None => Ok(Readiness::Later),
            Some(false) => Ok(Readiness::Ready),
            Some(true) if self.traffic.borrow().in_flight.is_empty() => {
                let id = self.random_id();
                let position = self.step(|step| step.task(conversation, id, &Task::Tidy))?;
                if let Some(task) = self.read(|tables| tables.task(position))? {
                    Box::pin(self.submit_commit(task)).await;
                }
                Ok(Readiness::Later)
            }
            Some(true) => Ok(Readiness::Later),
        }
    }
}

impl Step<'_> {
    /// Seals one draft; the row as it is to be sent, or nothing if it stays a draft or was given up.
    pub(crate) fn seal(&mut self, row: OutboxRow) -> Result<Option<OutboxRow>, DbError> {
        // What was given up before it may have changed its counter, or have taken it along.
        let Some(mut row) = self.tables.task(row.position)?.filter(|row| row.sealed.is_none()) else { return Ok(None) };
        let (Some(me), Some(mut conversation)) = (self.client.me(), self.tables.conversation(row.conversation)?) else {
            self.fail_task(&row, Failure::NotAMember)?;
            return Ok(None);
        };
        if let Task::Tell { content } = &mut row.task {
            let Some(told) = self.what_newcomers_are_told(row.conversation)? else {
                self.drop_task(row.position)?;
                return Ok(None);
            };
            *content = told;
            self.tables.set_task(row.position, &row.task)?;
        }
        if let Task::Say { content, shown: false } | Task::Tell { content } = &row.task
            && let Ok(content) = Content::from_bytes(content)
            && matches!(self.group(row.conversation), Ok(Some(_)))
            && let Err(failure) = self.may_say(&conversation, row.id, &content)
        {
            self.fail_task(&row, failure)?;
            return Ok(None);
        }
        let (tables, client) = (self.tables, self.client);
        let message = tables.own_message(row.id)?;
        let is_shown = matches!(row.task, Task::Say { shown: true, .. });
        if message.as_ref().map_or(is_shown, |message| message.deleted) {
            let why = if message.is_some() { taken_back() } else { vanished() };
            self.need_not_be_said(&row, &why)?;
            return Ok(None);
        }
        let counter = row.counter.unwrap_or(conversation.counter + 1);
        let last_seen = tables
            .entry_hash(row.conversation, conversation.cursor)?
            .map(|hash| LastSeen { seq: conversation.cursor, hash });
        let lock = message.as_ref().map_or(Ok(None), |message| tables.lock(message.position))?;
        let lock = lock.and_then(|lock| Some((lock.unlocks_ms, lock.shares?, lock.beacon)));
        let share = lock.as_ref().filter(|(_, _, beacon)| beacon.is_none()).map(|(_, shares, _)| shares.server);
        let sent_at_ms = message.map_or_else(|| client.now_ms(), |message| message.sent_ms);
        let group = match self.group(row.conversation) {
            Ok(Some(group)) => group,
            Ok(None) => {
                self.repair(row.conversation, RepairReason::StateLost)?;
                return Ok(None);
            }
            Err(error) => {
                self.group_damaged(row.conversation, &error)?;
                return Ok(None);
            }
        };
        let outgoing = match &row.task {
            Task::Say { content, .. } | Task::Tell { content } => {
                let content = Content::from_bytes(content).and_then(|content| {
                    let Some((unlocks_ms, shares, beacon)) = &lock else { return Ok(content) };
                    let place = Place { conversation: row.conversation, author: me.account(), message: row.id };
                    let random = &mut *client.random.borrow_mut();
                    Timed::lock(random, &place, *unlocks_ms, (shares, beacon.clone()), &content).map(Content::Timed)
                });
                let content = match content {
                    Ok(content) => content,
                    Err(error) => {
                        self.fail_task(&row, Failure::Invalid { reason: error.to_string() })?;
                        return Ok(None);
                    }
                };
                let draft = Draft { id: row.id, content: &content, sent_at_ms, counter, last_seen };
                group.seal(&tables, &me.device, &mut *client.random.borrow_mut(), &draft).map_err(Refused::from)
            }
            _ => group.leave(&tables, &me.device, row.id).map_err(Refused::from),
        };
        let outgoing = match outgoing {
            Ok(outgoing) => outgoing,
            Err(Refused::Later) => return Ok(None),
            Err(Refused::Group(error)) => {
                self.group_damaged(row.conversation, &error)?;
                return Ok(None);
            }
            Err(Refused::Failure(failure)) => {
                self.fail_task(&row, failure)?;
                return Ok(None);
            }
        };
        let submission = tables.next_submission()?;
        let counted = matches!(row.task, Task::Say { .. } | Task::Tell { .. });
        if counted {
            conversation.counter = conversation.counter.max(counter);
            tables.put_conversation(&conversation)?;
        }
        let follows = outgoing.data.follows;
        let sealed = (&outgoing.bytes[..], share.as_ref());
        tables.set_sealed(row.position, submission, counted.then_some(counter), follows, sealed)?;
        Ok(Some(OutboxRow {
            submission: Some(submission),
            counter: counted.then_some(counter),
            follows: Some(follows),
            sealed: Some(outgoing.bytes),
            share,
            ..row
        }))
    }

    /// A group can't be read or used: rolled back where the store is at fault, joined anew otherwise.
    pub(crate) fn group_damaged(&mut self, conversation: ConversationId, error: &GroupError) -> Result<(), DbError> {
        match error.disposition() {
            Disposition::StoreFailed => Err(DbError::Form("group")),
            _ => {
                tracing::warn!(%conversation, %error, "the group's state is damaged");
                self.repair(conversation, RepairReason::StateLost)
            }
        }
    }
}

/// Why something was not sealed.
enum Refused {
    Later,
    Group(GroupError),
    Failure(Failure),
}

impl From<SealError> for Refused {
    fn from(error: SealError) -> Self {
        match error {
            SealError::Group(error) => Self::Group(error),
            SealError::PendingProposals => Self::Later,
            SealError::NotAMember => Self::Failure(Failure::NotAMember),
            SealError::Content(error) => Self::Failure(Failure::Invalid { reason: error.to_string() }),
        }
    }
}

impl From<PrepareError> for Refused {
    fn from(error: PrepareError) -> Self {
        match error {
            PrepareError::Group(error) => Self::Group(error),
            PrepareError::Pending | PrepareError::NeedLists(_) => Self::Later,
            PrepareError::NotAllowed(_) => Self::Failure(Failure::NotAllowed),
            _ => Self::Failure(Failure::NotAMember),
        }
    }
}

impl Client {
    /// Nothing is sealed in the conversation before it reached this commit counter.
    pub(super) fn wait_for_commit(&self, conversation: ConversationId, counter: u64) {
        let until_ms = unblock_after(self.clock.now_ms());
        self.traffic.borrow_mut().block(conversation, Some(counter), until_ms);
    }

    /// Nothing is sealed in the conversation for a moment, in which others may say that they skip a commit as well.
    pub(super) fn wait_for_contest(&self, conversation: ConversationId) {
        let until_ms = self.clock.now_ms().saturating_add(WAIT_FOR_CONTEST_MS);
        self.traffic.borrow_mut().block(conversation, None, until_ms);
    }
}

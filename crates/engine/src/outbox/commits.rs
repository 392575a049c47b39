//! Commits, creations and joins: submitted by REST one at a time, and what follows from the answers.

use huis_core::groups::{Group, GroupError};
use huis_core::history::entry_hash;
use huis_proto::rest::{Committed, CreateConversation, SubmitCommit};
use huis_proto::{Bytes, ConversationId, ConversationKind, ErrorCode};
use huis_views::{Failure, Notice};
use rand::Rng;

use super::MOST_TRIES;
use super::build::{Built, NotBuilt};
use crate::api::ApiError;
use crate::client::{Client, Outcome, Step};
use crate::db::{ConversationRow, DbError, OutboxRow, State, Task};
use crate::ports::Method;

/// How long a welcome is waited for before the conversation that somebody else created is joined by oneself.
const WAIT_FOR_WELCOME_MS: u64 = 2_000;
/// When a repair that failed is tried again.
const REPAIR_AGAIN_MS: u64 = 600_000;

impl Client {
    /// Builds the row if it is a draft, submits it, and takes the answer in.
    pub(super) async fn submit_commit(&self, row: OutboxRow) {
        let done = match row.sealed {
            Some(_) => self.submit_sealed(row).await,
            None => match self.build(&row).await {
                Ok(Built::Sealed(sealed)) => self.submit_sealed(*sealed).await,
                Ok(Built::Settled) => Ok(()),
                Err(NotBuilt::Later(error)) => {
                    self.pause(error.retry_after_s());
                    Ok(())
                }
                Err(NotBuilt::Failed(failure)) => self.give_up(&row, failure),
                Err(NotBuilt::Lists(_) | NotBuilt::Blocked) => Ok(()),
            },
        };
        if let Err(error) = done {
            tracing::warn!(%error, "a commit was not taken in");
            self.pause(None);
        }
    }

    async fn submit_sealed(&self, row: OutboxRow) -> Result<(), DbError> {
        let path = match row.task {
            Task::Create { .. } => "/api/v1/conversations".to_owned(),
            _ => format!("/api/v1/conversations/{}/commits", row.conversation),
        };
        let answer = self.ask_bytes(Method::Post, path, row.sealed.clone()).await.and_then(|bytes| {
            serde_json::from_slice::<Committed>(&bytes).map_err(|error| ApiError::Answer(error.to_string()))
        });
        let error = match answer {
            Ok(committed) => {
                self.went_well();
                return self.committed(&row, committed);
            }
            Err(error) => error,
        };
        match &error {
            error if error.passes() => {
                self.pause(error.retry_after_s());
                Ok(())
            }
            ApiError::Own(Failure::SessionEnded | Failure::Stopped) => {
                self.pause(None);
                Ok(())
            }
            ApiError::Refused(problem) => match (problem.code, problem.conversation) {
                (ErrorCode::SessionEnded | ErrorCode::NotSignedIn, _) => {
                    self.pause(None);
                    Ok(())
                }
                (ErrorCode::CommitConflict | ErrorCode::Stale, _) if row.tries < MOST_TRIES => self.conflicting(&row),
                (ErrorCode::NotAMember, _) if row.tries < MOST_TRIES && self.is_contested(row.conversation)? => {
                    self.wait_for_contest(row.conversation);
                    self.step(|step| step.undo(&row))
                }
                (ErrorCode::SubmissionBehind, _) if row.tries < MOST_TRIES => {
                    let highest = self.read(|tables| tables.submissions())?;
                    self.step(|step| step.undo(&row))?;
                    if row.submission == Some(highest) {
                        self.signals.reconnect.notify_one();
                    }
                    Ok(())
                }
                (ErrorCode::ConversationExists, Some(other)) => self.exists(&row, other),
                _ => self.give_up(&row, error.into()),
            },
            _ => self.give_up(&row, error.into()),
        }
    }

    fn committed(&self, row: &OutboxRow, committed: Committed) -> Result<(), DbError> {
        let merged = self.step(|step| step.committed(row, committed))?;
        if merged {
            self.traffic.borrow_mut().reached(row.conversation, committed.commit_counter);
        } else {
            // Entries before it come first; its own entry merges it.
            self.traffic.borrow_mut().awaited.insert(row.position);
        }
        self.signals.outbox.notify_one();
        Ok(())
    }

    /// Another commit, or a leave, came first: it is taken, and this one is built again on it.
    fn conflicting(&self, row: &OutboxRow) -> Result<(), DbError> {
        self.step(|step| step.undo(row))?;
        match row.task {
            Task::Join { .. } | Task::Create { .. } => {
                // There is no group whose entries would say when; the next GroupInfo does.
                let wait = self.random.borrow_mut().gen_range(20..200 * (1 + row.tries.min(10)));
                let until_ms = self.clock.now_ms() + wait;
                self.traffic.borrow_mut().block(row.conversation, None, until_ms);
            }
            _ => {
                // What came first may be here by now, and a leave does not move the counter.
                let seen = submitted(row).map_or(0, |commit| commit.seen);
                let cursor = self.read(|tables| tables.conversation(row.conversation))?.map_or(0, |known| known.cursor);
                if cursor <= seen {
                    self.wait_for_commit(row.conversation, row.follows.map_or(0, |follows| follows + 1));
                }
            }
        }
        Ok(())
    }

    /// Somebody else created the conversation of these two accounts, or this room: what waits goes there, but not into
    /// any other conversation that the server names.
    fn exists(&self, row: &OutboxRow, other: ConversationId) -> Result<(), DbError> {
        if other != row.conversation {
            let (known, made) = self.read(|tables| {
                Ok::<_, DbError>((tables.conversation(other)?, tables.conversation(row.conversation)?))
            })?;
            if !made.is_some_and(|made| may_stand_for(known.as_ref(), &made)) {
                let reason = "the conversation that is there already is another one".into();
                return self.give_up(row, Failure::BadAnswer { reason });
            }
        }
        self.wait_for_welcome(other);
        if other == row.conversation {
            return self.step(|step| {
                step.forget_group(other).map_err(|_| DbError::Form("group"))?;
                step.tables.delete_task(row.position)?;
                step.task(other, row.id, &Task::Join { checked: true }).map(drop)
            });
        }
        self.step(|step| {
            step.forget_group(row.conversation).map_err(|_| DbError::Form("group"))?;
            let made = step.tables.conversation(row.conversation)?;
            let known = step.tables.conversation(other)?.filter(|known| known.state != State::Left);
            step.tables.delete_task(row.position)?;
            match (known, made) {
                (Some(_), _) => {
                    // Who speaks accepts.
                    step.accept(other)?;
                    step.answer(row.id, Ok(Outcome { conversation: other, seq: 0 }));
                }
                (None, Some(made)) => {
                    let joining = ConversationRow { id: other, state: State::Joining, ..made };
                    step.tables.put_conversation(&joining)?;
                    step.tables.add_task(other, row.id, &Task::Join { checked: false })?;
                }
                (None, None) => {}
            }
            step.tables.move_tasks(row.conversation, other)?;
            step.tables.move_waiting(row.conversation, other)?;
            step.tables.move_settings(row.conversation, other)?;
            step.state_changed()?;
            step.tables.delete_conversation(row.conversation)?;
            step.changed(row.conversation);
            step.changed(other);
            step.wake_outbox();
            Ok(())
        })
    }

    /// Nothing is done in the conversation before a welcome had time to come.
    pub(crate) fn wait_for_welcome(&self, conversation: ConversationId) {
        let until_ms = self.clock.now_ms() + WAIT_FOR_WELCOME_MS;
        self.traffic.borrow_mut().block(conversation, None, until_ms);
    }

    /// It will not work: what was prepared is thrown away.
    fn give_up(&self, row: &OutboxRow, failure: Failure) -> Result<(), DbError> {
        if matches!(failure, Failure::Stopped | Failure::Database { .. } | Failure::SessionEnded) {
            self.pause(None);
            return Ok(());
        }
        tracing::info!(conversation = %row.conversation, %failure, "a commit was given up");
        self.step(|step| {
            step.undo(row)?;
            step.fail_task(row, failure.clone())?;
            step.entering_failed(row, failure)
        })
    }
}

impl Step<'_> {
    /// The server has a commit, creation or join on disk. Whether it was merged; otherwise its entry will.
    fn committed(&mut self, row: &OutboxRow, committed: Committed) -> Result<bool, DbError> {
        let conversation = row.conversation;
        let Some(mut known) = self.tables.conversation(conversation)? else {
            self.tables.delete_task(row.position)?;
            return Ok(true);
        };
        let enters = matches!(row.task, Task::Create { .. } | Task::Join { .. });
        if !enters && known.cursor + 1 != committed.seq {
            if known.cursor >= committed.seq {
                // The entry came before the answer and was merged by then.
                self.own_entry(conversation, row.id, committed.seq, committed.received_at_ms)?;
                return Ok(true);
            }
            return Ok(false);
        }
        let damaged = |_: GroupError| DbError::Form("group");
        let tables = self.tables;
        let summary = if matches!(row.task, Task::Join { .. }) {
            let Some(pending) = Group::pending_join(&tables, conversation).map_err(damaged)? else {
                self.undo(row)?;
                return Ok(true);
            };
            let group = Group::accept_join(&tables, conversation, pending.id, &pending.hash).map_err(damaged)?;
            tables.forget_history(conversation)?;
            // Nor is it known who came in while this device was out.
            tables.forget_card_shown(conversation)?;
            self.set_group(group);
            Some(pending.summary)
        } else {
            let Some(group) = self.group(conversation).map_err(damaged)? else {
                self.undo(row)?;
                return Ok(true);
            };
            match group.pending().cloned() {
                Some(pending) => Some(group.accept_pending(&tables, pending.id, &pending.hash).map_err(damaged)?),
                None => None,
            }
        };
        if let Some(commit) = commit_of(row) {
            let hash = entry_hash(conversation, committed.seq, row.id, &commit);
            tables.put_entry_hash(conversation, committed.seq, hash)?;
        }
        let repaired_from = (known.state == State::Repairing).then_some(known.cursor);
        known.cursor = committed.seq;
        if enters {
            known.first = committed.seq;
            known.state = State::Joined;
            known.update_due_ms = self.first_update_due(&row.task);
        }
        tables.put_conversation(&known)?;
        tables.delete_task(row.position)?;
        if let Some(from_seq) = repaired_from {
            self.notice(Some(conversation), Notice::Repaired { from_seq, to_seq: committed.seq })?;
        }
        match summary {
            Some(summary) => self.roster_changed(conversation, &summary, committed.received_at_ms)?,
            None => self.read_roster(conversation, committed.received_at_ms)?,
        }
        if matches!(row.task, Task::Invite { .. }) {
            self.tell_newcomers(conversation)?;
        }
        if enters {
            self.state_changed()?;
            self.wake_joined();
            self.wake_upkeep();
        }
        self.changed(conversation);
        self.answer(row.id, Ok(Outcome { conversation, seq: committed.seq }));
        self.wake_outbox();
        Ok(true)
    }

    /// What was prepared is thrown away; the row is a draft again.
    pub(crate) fn undo(&mut self, row: &OutboxRow) -> Result<(), DbError> {
        let damaged = |_: GroupError| DbError::Form("group");
        let tables = self.tables;
        match row.task {
            Task::Join { .. } => {
                Group::abandon_join(&tables, row.conversation).map_err(damaged)?;
                self.wake_joined();
            }
            Task::Create { .. } => self.forget_group(row.conversation).map_err(damaged)?,
            _ => {
                if let Ok(Some(group)) = self.group(row.conversation)
                    && group.pending().is_some_and(|pending| pending.id == row.id)
                {
                    group.clear_pending(&tables).map_err(damaged)?;
                }
            }
        }
        self.wake_outbox();
        tables.unseal(row.position)
    }

    /// A conversation could not be created or joined: what waits in it cannot be sent.
    fn entering_failed(&mut self, row: &OutboxRow, failure: Failure) -> Result<(), DbError> {
        if !matches!(row.task, Task::Create { .. } | Task::Join { .. }) {
            return Ok(());
        }
        let conversation = row.conversation;
        let Some(mut known) = self.tables.conversation(conversation)? else { return Ok(()) };
        if known.state == State::Joined || known.state == State::Held {
            return Ok(());
        }
        if known.state == State::Repairing && failure != Failure::NotAMember {
            // It was a member and should be one again: tried anew, not soon.
            known.repaired_ms = self.client.clock.now_ms().saturating_add(REPAIR_AGAIN_MS);
            self.tables.put_conversation(&known)?;
            self.task(conversation, self.client.random_id(), &row.task)?;
            let until_ms = known.repaired_ms;
            self.notice(Some(conversation), Notice::JoinFailed { failure })?;
            return self.notice(Some(conversation), Notice::RepairDelayed { until_ms });
        }
        for waiting in self.tables.tasks_of(conversation)? {
            self.fail_task(&waiting, failure.clone())?;
        }
        known.state = State::Left;
        self.tables.put_conversation(&known)?;
        self.changed(conversation);
        if matches!(row.task, Task::Create { .. }) && known.newest_ms > 0 {
            // It was there before, and could not be made anew at a server that lost it.
            self.notice(Some(conversation), Notice::LostByServer)?;
        }
        if matches!(row.task, Task::Join { .. }) {
            self.notice(Some(conversation), Notice::JoinFailed { failure })?;
        }
        Ok(())
    }
}

/// Whether what waits in a conversation that was made here may go into another one: it is known to be that of the same
/// two accounts, or that room, or is not known yet; then its members are compared before this device joins it.
fn may_stand_for(known: Option<&ConversationRow>, made: &ConversationRow) -> bool {
    let is_known_as = |same: fn(&ConversationRow, &ConversationRow) -> bool| {
        known.is_none_or(|known| known.kind == made.kind && same(known, made))
    };
    match made.kind {
        ConversationKind::Direct => made.peer.is_some() && is_known_as(|known, made| known.peer == made.peer),
        ConversationKind::Open => made.room.is_some() && is_known_as(|known, made| known.room == made.room),
        ConversationKind::Group => false,
    }
}

/// The commit inside a sealed row.
fn commit_of(row: &OutboxRow) -> Option<Bytes> {
    let sealed = row.sealed.as_deref()?;
    match row.task {
        Task::Create { .. } => {
            serde_json::from_slice::<CreateConversation>(sealed).ok()?.first_commit.map(|commit| commit.commit)
        }
        _ => submitted(row).map(|commit| commit.commit),
    }
}

/// What is submitted of a sealed row that is no creation.
fn submitted(row: &OutboxRow) -> Option<SubmitCommit> {
    serde_json::from_slice(row.sealed.as_deref()?).ok()
}

//! Commits that were skipped: the server is told, and the GroupInfo that came with the newest one is replaced.
//!
//! The server takes a commit's word for who joins and leaves, and undoes that when enough members say that they skip
//! it. It has to hear so before the entry is acknowledged: afterwards it may hold the matter for settled.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::select;
use huis_proto::frames::ClientFrame;
use huis_proto::rest::{Dissent, Dissented, GroupInfoRequests, PutGroupInfo};
use huis_proto::{Bytes, ConversationId, ErrorCode};
use huis_views::{Connection, Failure, Notice};
use rand::Rng;

use crate::api::ApiError;
use crate::client::{Client, Step};
use crate::db::{DbError, State};
use crate::ports::Method;

/// Dissents that are read at once.
const PORTION: u32 = 64;
/// The pauses before the server is asked again, doubled from the shortest to the longest, with jitter.
const PAUSE_MS: std::ops::Range<u64> = 500..60_000;
/// Members that are asked for a GroupInfo answer within this time, spread, so that the first one spares the others.
const ANSWER_MS: std::ops::Range<u64> = 500..3_000;
/// The time is longer by this for each account of the conversation.
const ANSWER_MS_PER_ACCOUNT: u64 = 20;
/// A state that has not reached the commit counter that is asked for is looked at again after this long.
const LOOK_AGAIN_MS: u64 = 2_000;
/// But not more often than this.
const LOOKS: u32 = 10;
/// The most conversations for which a GroupInfo is wanted at the same time; the server asks again later.
const WANTED: usize = 256;
/// How long after a dissent a refusal as no member is put down to the commit that was contested.
const CONTESTED_MS: u64 = 120_000;

/// What is under way about contested commits, beside the dissents in the database.
#[derive(Default)]
pub(crate) struct Contests {
    wanted: BTreeMap<ConversationId, Wanted>,
    /// Conversations in which this device has lost its seat by a commit that it skips, until when that is remembered.
    shut_out: BTreeMap<ConversationId, u64>,
}

/// A GroupInfo that the server wants.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    commit_counter: u64,
    due_ms: u64,
    looks: u32,
}

impl Client {
    /// Tells the server what it is to be told, for ever.
    pub(crate) async fn run_contests(&self) {
        let mut failures: u32 = 0;
        loop {
            let next = match self.contest_round().await {
                Ok(next) => {
                    failures = 0;
                    next
                }
                Err(failure) => {
                    tracing::info!(%failure, "a commit could not be contested yet");
                    let longest = (PAUSE_MS.start << failures.min(8)).min(PAUSE_MS.end);
                    failures = failures.saturating_add(1);
                    let pause = self.random.borrow_mut().gen_range(longest / 2..=longest);
                    self.clock.sleep(Duration::from_millis(pause)).await;
                    Some(Duration::ZERO)
                }
            };
            match next {
                Some(pause) if pause.is_zero() => {}
                Some(pause) => {
                    select(Box::pin(self.signals.contests.notified()), self.clock.sleep(pause)).await;
                }
                None => self.signals.contests.notified().await,
            }
            if self.stopping.get() || self.halted() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Whether the server is to be told of something yet.
    pub(crate) fn has_dissents(&self) -> bool {
        self.read(|tables| tables.dissents(1)).is_ok_and(|dissents| !dissents.is_empty())
    }

    /// A member's GroupInfo is wanted: this device brings its own after a pause, unless another one was faster.
    pub(super) fn group_info_wanted(&self, conversation: ConversationId, commit_counter: u64) -> Result<(), DbError> {
        let row = self.read(|tables| tables.conversation(conversation))?;
        // A request is asked about when it is accepted.
        let Some(row) = row.filter(|row| row.accepted) else { return Ok(()) };
        let longest = ANSWER_MS.end + ANSWER_MS_PER_ACCOUNT * row.accounts.len() as u64;
        let pause = self.random.borrow_mut().gen_range(ANSWER_MS.start..longest);
        self.want(conversation, commit_counter, pause);
        self.signals.contests.notify_one();
        Ok(())
    }

    /// Whether this device may be no member, for the server, by a commit that is contested.
    pub(crate) fn is_contested(&self, conversation: ConversationId) -> Result<bool, DbError> {
        let now_ms = self.clock.now_ms();
        let until_ms = self.contests.borrow().shut_out.get(&conversation).copied();
        Ok(until_ms.is_some_and(|until_ms| now_ms < until_ms)
            || self.read(|tables| tables.first_dissent(conversation))?.is_some())
    }

    /// Does what is due; gives when something is due next.
    async fn contest_round(&self) -> Result<Option<Duration>, Failure> {
        if !self.has_session() || self.connection.get() != Connection::Open {
            return Ok(None);
        }
        loop {
            let dissents = self.read(|tables| tables.dissents(PORTION))?;
            if dissents.is_empty() {
                break;
            }
            for (conversation, seq) in dissents {
                if self.connection.get() != Connection::Open {
                    // The server may be another one when it is back.
                    return Ok(None);
                }
                self.dissent(conversation, seq).await?;
            }
        }
        let now_ms = self.clock.now_ms();
        let wanted: Vec<_> = self.contests.borrow().wanted.iter().map(|(id, wanted)| (*id, *wanted)).collect();
        for (conversation, wanted) in wanted.iter().filter(|(_, wanted)| wanted.due_ms <= now_ms) {
            self.contests.borrow_mut().wanted.remove(conversation);
            self.bring_group_info(*conversation, *wanted).await?;
        }
        let next_ms = self.contests.borrow().wanted.values().map(|wanted| wanted.due_ms).min();
        Ok(next_ms.map(|next_ms| Duration::from_millis(next_ms.saturating_sub(now_ms).max(1))))
    }

    async fn dissent(&self, conversation: ConversationId, seq: u64) -> Result<(), Failure> {
        let path = format!("/api/v1/conversations/{conversation}/dissents");
        let answer: Result<Dissented, ApiError> = self.ask(Method::Post, path, Some(&Dissent { seq })).await;
        let dissented = match answer {
            Ok(dissented) => Some(dissented),
            Err(error) if is_final(&error) => {
                tracing::debug!(%conversation, seq, %error, "a commit is not contested");
                None
            }
            Err(error) => return Err(error.into()),
        };
        if let Some(dissented) = dissented {
            let until_ms = self.clock.now_ms().saturating_add(CONTESTED_MS);
            let mut contests = self.contests.borrow_mut();
            if dissented.seated {
                contests.shut_out.remove(&conversation);
            } else {
                contests.shut_out.insert(conversation, until_ms);
            }
        }
        let ack = self.step(|step| step.dissented(conversation, seq, dissented))?;
        // Without a connection the acknowledgement goes with the next entries: it must not cross into another life of the
        // server.
        if let Some(seq) = ack.filter(|_| self.connection.get() == Connection::Open) {
            self.traffic.borrow_mut().queue(&[ClientFrame::Ack { conversation, seq }]);
            self.signals.frames.notify_one();
        }
        if let Some(commit_counter) = dissented.and_then(|dissented| dissented.group_info_wanted) {
            self.want(conversation, commit_counter, 0);
        }
        Ok(())
    }

    fn want(&self, conversation: ConversationId, commit_counter: u64, pause_ms: u64) {
        let mut contests = self.contests.borrow_mut();
        let due_ms = self.clock.now_ms().saturating_add(pause_ms);
        let known = contests.wanted.get(&conversation);
        // What this very device is asked for first is not put off by what all are asked for.
        if known.is_some_and(|known| known.commit_counter == commit_counter && known.due_ms <= due_ms) {
            return;
        }
        if known.is_some() || contests.wanted.len() < WANTED {
            contests.wanted.insert(conversation, Wanted { commit_counter, due_ms, looks: 0 });
        }
    }

    /// Puts this device's GroupInfo on the server, if it is still wanted and this device is in the state that is meant.
    async fn bring_group_info(&self, conversation: ConversationId, wanted: Wanted) -> Result<(), Failure> {
        let Some(me) = self.me() else { return Ok(()) };
        let counter = self.step(|step| {
            let row = step.tables.conversation(conversation)?;
            let may_speak = row.is_some_and(|row| row.state == State::Joined && row.accepted);
            let group = step.group(conversation).ok().flatten().filter(|group| may_speak && group.is_active());
            Ok::<_, DbError>(group.map(|group| group.commit_counter()))
        })?;
        match counter {
            Some(counter) if counter == wanted.commit_counter => {}
            // The entries that lead there are on their way.
            Some(counter) if counter < wanted.commit_counter && wanted.looks < LOOKS => {
                let due_ms = self.clock.now_ms().saturating_add(LOOK_AGAIN_MS);
                let again = Wanted { due_ms, looks: wanted.looks + 1, ..wanted };
                self.contests.borrow_mut().wanted.entry(conversation).or_insert(again);
                return Ok(());
            }
            _ => return Ok(()),
        }
        let path = format!("/api/v1/conversations/{conversation}/group-info-requests");
        let asked: GroupInfoRequests = match self.get(path).await {
            Ok(asked) => asked,
            Err(error) if is_final(&error) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        if asked.commit_counter != Some(wanted.commit_counter) {
            return Ok(());
        }
        let group_info = self.step(|step| {
            let group = step.group(conversation).ok().flatten();
            let group = group.filter(|group| group.commit_counter() == wanted.commit_counter);
            Ok::<_, DbError>(group.and_then(|group| group.group_info(&me.device).ok()))
        })?;
        let Some(group_info) = group_info else { return Ok(()) };
        let body = PutGroupInfo { commit_counter: wanted.commit_counter, group_info: Bytes(group_info) };
        let path = format!("/api/v1/conversations/{conversation}/group-info");
        match self.ask::<()>(Method::Put, path, Some(&body)).await {
            Ok(()) => Ok(()),
            Err(error) if is_final(&error) => {
                tracing::debug!(%conversation, %error, "a GroupInfo was not taken");
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl Step<'_> {
    /// A commit is skipped here: the server is to be told.
    pub(super) fn contest(&mut self, conversation: ConversationId, seq: u64) -> Result<(), DbError> {
        self.wake_contests();
        self.tables.add_dissent(conversation, seq)
    }

    /// A request was accepted: a GroupInfo may have been wanted that this device did not bring before.
    pub(super) fn may_bring_group_info(&mut self, conversation: ConversationId) {
        let Ok(Some(counter)) = self.group(conversation).map(|group| group.map(|group| group.commit_counter())) else {
            return;
        };
        let pause = self.client.random.borrow_mut().gen_range(ANSWER_MS);
        self.client.want(conversation, counter, pause);
        self.wake_contests();
    }

    /// The server has answered a dissent. Gives what can be acknowledged from here on.
    fn dissented(
        &mut self,
        conversation: ConversationId,
        seq: u64,
        dissented: Option<Dissented>,
    ) -> Result<Option<u64>, DbError> {
        self.tables.delete_dissent(conversation, seq)?;
        let Some(row) = self.tables.conversation(conversation)? else { return Ok(None) };
        if row.state == State::Joined && dissented.is_some_and(|dissented| !dissented.seated) {
            self.notice(Some(conversation), Notice::ShutOut { seq })?;
        }
        let held = self.tables.first_dissent(conversation)?.map(|first| first.saturating_sub(1));
        Ok(Some(held.map_or(row.cursor, |held| held.min(row.cursor))))
    }
}

/// Whether asking again would give the same answer.
fn is_final(error: &ApiError) -> bool {
    match error {
        ApiError::Refused(problem) => {
            !error.passes()
                && !matches!(problem.code, ErrorCode::SessionEnded | ErrorCode::NotSignedIn | ErrorCode::TokenExpired)
        }
        // It was answered, only not so that this version understands it.
        ApiError::Answer(_) => true,
        ApiError::Unreachable(_) | ApiError::Certificate(_) | ApiError::Own(_) => false,
    }
}

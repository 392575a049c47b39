//! What goes out, strictly in the order of submission counters.
//!
//! Messages are pipelined on the connection, commits go one at a time by REST when nothing else is in flight. What was
//! sealed is sent with the same bytes until the server answers; what it answers `stale` or `commit-conflict` to is a
//! draft again, and is sealed anew once the newer commit was taken.

mod answers;
mod build;
mod choose;
mod commits;
mod doubts;
mod messages;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use huis_proto::ConversationId;
use huis_proto::frames::ClientFrame;
use huis_proto::{codec, limits};
use huis_views::{Failure, RepairReason};
use rand::Rng;

use crate::client::{Client, Step};
use crate::db::{DbError, MessageStanding, OutboxRow, Task};

pub(crate) use self::build::is_no_member;
use self::choose::Next;
pub(crate) use self::choose::SAYS_AGAIN;

/// The most messages that wait for their answer.
const WINDOW: usize = 16;
/// How often one task is built anew because others came first.
const MOST_TRIES: u64 = 50;
/// The shortest and longest pause before something is tried again.
const PAUSE_MS: std::ops::Range<u64> = 500..60_000;

/// The present connection's traffic; nothing of it outlives the connection but what blocks a conversation.
#[derive(Default)]
pub(crate) struct Traffic {
    /// Whether submissions may go out.
    open: bool,
    /// Messages for the connection.
    frames: VecDeque<Vec<u8>>,
    next_request: u32,
    /// Positions of messages that wait for their answer, by request.
    in_flight: BTreeMap<u32, u64>,
    /// Positions of commits that were accepted and whose entry has not come yet.
    awaited: HashSet<u64>,
    /// Conversations in which nothing is sealed for now.
    blocked: HashMap<ConversationId, Block>,
    /// The commit counters that were reached by entries of the log.
    counters: HashMap<ConversationId, u64>,
    /// How often in a row a better GroupInfo was asked for.
    doubts: HashMap<ConversationId, u32>,
    /// Unreadable messages in a row.
    unreadable: HashMap<ConversationId, u64>,
    /// Conversations whose state is to be compared, and why.
    suspects: BTreeMap<ConversationId, RepairReason>,
    not_before_ms: u64,
    failures: u32,
}

/// Why nothing is sealed in a conversation.
#[derive(Debug, Clone, Copy)]
struct Block {
    /// Until this commit counter is reached.
    counter: Option<u64>,
    /// But not longer than this.
    until_ms: u64,
}

impl Traffic {
    /// A connection is ready for submissions.
    pub(crate) fn open(&mut self) {
        self.open = true;
        self.in_flight.clear();
        self.awaited.clear();
    }

    /// The connection is gone.
    pub(crate) fn close(&mut self) {
        self.open = false;
        self.frames.clear();
        self.in_flight.clear();
        self.awaited.clear();
    }

    /// An entry brought the conversation to this commit counter.
    pub(crate) fn reached(&mut self, conversation: ConversationId, counter: u64) {
        self.counters.insert(conversation, counter);
    }

    /// Something was sealed at this commit counter.
    fn sealed_at(&mut self, conversation: ConversationId, follows: u64) {
        let counter = self.counters.entry(conversation).or_insert(follows);
        *counter = follows.max(*counter);
    }

    /// Whether a newer commit is known than the one that `row` was sealed behind, or perhaps is: the server may refuse it
    /// then, and what is sealed later must not overtake it.
    fn may_be_refused(&self, row: &OutboxRow) -> bool {
        let Some(follows) = row.follows.filter(|_| row.sealed.is_some()) else { return false };
        self.counters.get(&row.conversation).is_none_or(|reached| *reached > follows)
    }

    /// The server's counters are others than before: nothing waits for one that was heard of before.
    pub(crate) fn counted_otherwise(&mut self) {
        self.counters.clear();
        self.blocked.retain(|_, block| block.counter.is_none());
    }

    /// A message could be read.
    pub(crate) fn readable(&mut self, conversation: ConversationId) {
        self.unreadable.remove(&conversation);
    }

    /// A message could not be read; gives how many in a row.
    pub(crate) fn unreadable(&mut self, conversation: ConversationId) -> u64 {
        let count = self.unreadable.entry(conversation).or_default();
        *count += 1;
        *count
    }

    /// Messages of the conversation can't be read, and its state is to be compared with the others'.
    pub(crate) fn suspects(&mut self, conversation: ConversationId, reason: RepairReason) {
        self.suspects.entry(conversation).or_insert(reason);
    }

    /// A conversation whose state is to be compared, and why.
    pub(crate) fn suspect(&self) -> Option<(ConversationId, RepairReason)> {
        self.suspects.first_key_value().map(|(conversation, reason)| (*conversation, reason.clone()))
    }

    /// The conversation was compared; whether unreadable messages are counted from the first again.
    pub(crate) fn not_suspect(&mut self, conversation: ConversationId, counts_anew: bool) {
        self.suspects.remove(&conversation);
        if counts_anew {
            self.unreadable.remove(&conversation);
        }
    }

    pub(crate) fn next_frames(&mut self) -> Option<Vec<u8>> {
        self.frames.pop_front()
    }

    /// Puts frames into as few messages as their size allows.
    pub(crate) fn queue(&mut self, frames: &[ClientFrame]) {
        let mut message = Vec::new();
        for frame in frames {
            let bytes = codec::to_cbor(frame);
            if !message.is_empty() && message.len() + bytes.len() > limits::CLIENT_WEBSOCKET_MESSAGE {
                self.frames.push_back(std::mem::take(&mut message));
            }
            message.extend_from_slice(&bytes);
        }
        if !message.is_empty() {
            self.frames.push_back(message);
        }
    }

    fn block(&mut self, conversation: ConversationId, counter: Option<u64>, until_ms: u64) {
        self.blocked.insert(conversation, Block { counter, until_ms });
    }

    /// Nothing is waited for in the conversation any more.
    pub(crate) fn unblock(&mut self, conversation: ConversationId) {
        self.blocked.remove(&conversation);
    }

    fn is_blocked(&self, conversation: ConversationId, now_ms: u64) -> bool {
        self.blocked.get(&conversation).is_some_and(|block| {
            let reached = self.counters.get(&conversation).copied().unwrap_or(0);
            now_ms < block.until_ms && block.counter.is_none_or(|counter| reached < counter)
        })
    }

    fn sends(&self, position: u64) -> bool {
        self.in_flight.values().any(|other| *other == position)
    }
}

impl Client {
    /// Sends whatever may go out, for ever.
    pub(crate) async fn run_outbox(self: &Rc<Self>) {
        loop {
            let next = match self.choose() {
                Ok(next) => next,
                Err(error) => {
                    tracing::warn!(%error, "the outbox can't be read");
                    Next::Wait(Some(Duration::from_secs(5)))
                }
            };
            match next {
                Next::Resend(rows) => self.resend(&rows),
                Next::Seal(rows) => self.seal_and_send(rows).await,
                Next::Commit(row) => self.submit_commit(*row).await,
                Next::Wait(None) => self.signals.outbox.notified().await,
                Next::Wait(Some(longest)) => {
                    let pause = self.clock.sleep(longest);
                    futures_util::future::select(Box::pin(self.signals.outbox.notified()), pause).await;
                }
            }
            if self.stopping.get() || self.halted() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Whether anything may go out at once, or waits for its answer.
    pub(crate) fn outbox_is_busy(&self) -> bool {
        let waits = |traffic: &Traffic| !traffic.frames.is_empty() || !traffic.in_flight.is_empty();
        waits(&self.traffic.borrow()) || matches!(self.choose(), Ok(next) if !matches!(next, Next::Wait(_)))
    }

    /// Waits before the next try, longer each time, with jitter.
    fn pause(&self, retry_after_s: Option<u64>) {
        let mut traffic = self.traffic.borrow_mut();
        let backoff = PAUSE_MS.start << traffic.failures.min(8);
        let longest = backoff.max(retry_after_s.unwrap_or(0).saturating_mul(1000)).min(PAUSE_MS.end);
        let jittered = self.random.borrow_mut().gen_range(longest / 2..=longest);
        traffic.failures = traffic.failures.saturating_add(1);
        traffic.not_before_ms = self.clock.now_ms().saturating_add(jittered);
    }

    fn went_well(&self) {
        self.traffic.borrow_mut().failures = 0;
    }
}

impl Step<'_> {
    /// A task is given up. The message, if it is one, says why and can be tried again.
    pub(crate) fn fail_task(&mut self, row: &OutboxRow, failure: Failure) -> Result<(), DbError> {
        self.drop_task(row.position)?;
        match &row.task {
            Task::Say { shown: true, .. } => {
                self.tables.set_standing(row.id, MessageStanding::Failed, Some(&failure))?;
                self.said(row.conversation, row.id);
            }
            Task::Say { content, shown: false } => {
                // It may have been the own card, which goes along the next time then.
                self.tables.forget_card_shown(row.conversation)?;
                self.undo_mark(row.conversation, row.id, content, &failure)?;
            }
            _ => {}
        }
        self.answer(row.id, Err(failure));
        Ok(())
    }

    /// A draft waits until a person has decided about an identity key. The message, if it is one, says why; whoever waits for
    /// its answer is told.
    fn hold(&mut self, row: &OutboxRow, failure: &Failure) -> Result<(), DbError> {
        if self.tables.task(row.position)?.is_none_or(|row| row.sealed.is_some()) {
            return Ok(());
        }
        self.tables.hold_task(row.position)?;
        if matches!(row.task, Task::Say { shown: true, .. }) {
            self.tables.set_standing(row.id, MessageStanding::Waiting, Some(failure))?;
            self.said(row.conversation, row.id);
        }
        self.answer(row.id, Err(failure.clone()));
        Ok(())
    }

    /// Something was decided, or is known otherwise: what was held back is tried again, all of it, and held back anew where
    /// that still has to be.
    pub(crate) fn release_held(&mut self) -> Result<(), DbError> {
        for (conversation, id) in self.tables.release_tasks()? {
            if self.tables.own_message(id)?.is_some_and(|message| message.standing == MessageStanding::Waiting) {
                self.tables.set_standing(id, MessageStanding::Waiting, None)?;
                self.said(conversation, id);
            }
            self.wake_outbox();
        }
        // Receipts that stayed owed.
        self.wake_upkeep();
        Ok(())
    }

    /// Takes a task out of the outbox. One that is not sealed, but was, has a counter, which is given back.
    pub(crate) fn drop_task(&mut self, position: u64) -> Result<(), DbError> {
        let row = self.tables.task(position)?;
        self.tables.delete_task(position)?;
        match row {
            Some(row) if row.sealed.is_none() => self.give_back(&row),
            _ => Ok(()),
        }
    }

    /// Nobody will see the counter of a task: those behind it move up, so that others see no hole. Where one of those is
    /// on its way, or in the log, it is too late for that.
    fn give_back(&mut self, row: &OutboxRow) -> Result<(), DbError> {
        let Some(counter) = row.counter else { return Ok(()) };
        let Some(mut conversation) = self.tables.conversation(row.conversation)? else { return Ok(()) };
        if conversation.counter < counter || self.tables.is_counted_behind(row.conversation, counter)? {
            return Ok(());
        }
        self.tables.count_down(row.conversation, counter)?;
        conversation.counter -= 1;
        self.tables.put_conversation(&conversation)
    }
}

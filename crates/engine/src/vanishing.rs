//! Messages that do not stay: gone when their timer has run out, or when they were opened once.
//!
//! What goes is everything but the message's name, by which it is known if somebody sends it again. It goes in portions, each
//! one transaction, before anything is shown that asks for messages; what a crash leaves goes at the next start. The database
//! overwrites what it deletes, and its log of transactions is emptied afterwards.

use std::time::Duration;

use futures_util::future::{Either, select};
use huis_core::account_state::{OPENED, Opened};
use huis_core::annotations::{Annotation, Mark};
use huis_core::content::{Content, CountedFrom, Timer, TimerSetting};
use huis_proto::{BlobId, Bytes, ConversationId, MessageId, codec, limits};
use huis_views::{Connection, ConversationView, Failure, MessageView, Target, VanishTimer};

use crate::client::{Client, Step};
use crate::conversations::{known_message, refused, unknown_message};
use crate::db::{DbError, LockRow, MessageRow, Task};
use crate::sync::taken_back;

/// So many messages go in one transaction.
const PORTION: u32 = 64;
/// A device's clock may be set, or its machine sleep: it is looked again after this long at the latest.
const LOOK_EVERY: Duration = Duration::from_secs(300);
/// What files a message brought that was opened once can be fetched for this long.
const FILES_STAY_MS: u64 = 3_600_000;
/// What the account's other devices have opened is waited for this long, where the server has it.
const HEARD_WITHIN: Duration = Duration::from_secs(5);
/// The version of what is kept in the place of the content of one's own message that is opened once: no content has it.
const BLOBS_ALONE: u8 = 0;

impl Client {
    /// What is over is gone before this device does anything else; and so is what an end in the middle of it has left.
    pub(crate) fn catch_up_with_vanishing(&self) {
        self.carry_out_vanishing();
        if let Err(error) = self.empty_log() {
            tracing::warn!(%error, "the log of transactions is not emptied");
        }
    }

    /// Has messages vanish when it is time, for ever.
    pub(crate) async fn run_vanishing(&self) {
        loop {
            self.carry_out_vanishing();
            if self.stopping.get() || self.halted() {
                std::future::pending::<()>().await;
            }
            let woken = Box::pin(self.signals.vanishing.notified());
            match self.next_vanishing_ms.get() {
                u64::MAX => woken.await,
                next_ms => {
                    let left = Duration::from_millis(next_ms.saturating_sub(self.server_now_ms()).max(1));
                    select(woken, self.clock.sleep(left.min(LOOK_EVERY))).await;
                }
            }
        }
    }

    /// Has everything vanish whose time is over.
    pub(crate) fn carry_out_vanishing(&self) {
        if self.next_vanishing_ms.get() > self.server_now_ms() && !self.log_tells.get() {
            return;
        }
        match self.vanish_portions() {
            Ok(next_ms) => self.next_vanishing_ms.set(next_ms.unwrap_or(u64::MAX)),
            Err(DbError::Halted) => {}
            // It is not shown, and tried again.
            Err(error) => {
                tracing::warn!(%error, "what is over does not vanish");
                self.next_vanishing_ms.set(self.server_now_ms().saturating_add(LOOK_EVERY.as_millis() as u64));
            }
        }
    }

    /// Gives when the next one goes.
    fn vanish_portions(&self) -> Result<Option<u64>, DbError> {
        let now_ms = self.server_now_ms();
        loop {
            let overdue = self.read(|tables| tables.overdue(now_ms, PORTION))?;
            if overdue.is_empty() {
                if self.log_tells.get() {
                    self.empty_log()?;
                    self.log_tells.set(false);
                }
                return self.read(|tables| tables.next_vanishing_ms());
            }
            self.step(|step| {
                overdue.iter().try_for_each(|row| step.vanish(row))?;
                step.tables.forget_vanished(now_ms.saturating_sub(limits::RETENTION.as_millis() as u64), OPENED as u32)
            })?;
        }
    }

    /// What was overwritten is in no log of transactions any more.
    fn empty_log(&self) -> Result<(), DbError> {
        self.read(|tables| tables.empty_log())
    }

    /// Sets after how long what is said in a conversation vanishes.
    pub(crate) async fn set_timer(
        &self,
        target: &Target,
        timer: Option<VanishTimer>,
    ) -> Result<ConversationView, Failure> {
        let row = self.find(target)?;
        self.check_may_set_timer(&row)?;
        let timer = timer.map(|timer| Timer {
            after_s: timer.after_s,
            from: match timer.from {
                huis_views::CountedFrom::Reading => CountedFrom::Reading,
                huis_views::CountedFrom::Sending => CountedFrom::Sending,
            },
        });
        let content = Content::Settings { title: None, topic: None, timer: Some(TimerSetting::from(timer)) };
        let content = content.to_bytes().map_err(refused)?;
        let id = self.change(row.id, Task::Say { content: Bytes(content), shown: false })?;
        self.waited(Some(id)).await?;
        self.conversation_of(row.id)
    }

    /// Opens a message that is opened once.
    pub(crate) async fn open_once(&self, message: MessageId) -> Result<MessageView, Failure> {
        self.signed_in()?;
        self.hear_what_was_opened().await?;
        self.open_here(message)
    }

    /// Another device of the account may have opened it: where the server has a newer account state than this device, that is
    /// taken in first. Without a way to the server nobody can know.
    async fn hear_what_was_opened(&self) -> Result<(), Failure> {
        let is_behind = || {
            self.read(|tables| {
                let (version, newest) = (tables.fact::<u64>("state_version")?, tables.fact::<u64>("state_newest")?);
                Ok::<_, DbError>(newest.unwrap_or(0) > version.unwrap_or(0))
            })
        };
        if !is_behind()? {
            return Ok(());
        }
        let heard = match select(Box::pin(self.settle_state()), self.clock.sleep(HEARD_WITHIN)).await {
            Either::Left((settled, _)) => settled,
            Either::Right(_) => Err(Failure::Busy),
        };
        if is_behind()? && self.connection.get() == Connection::Open { heard } else { Ok(()) }
    }

    /// As [`open_once`](Self::open_once), by what is known here.
    pub(crate) fn open_here(&self, message: MessageId) -> Result<MessageView, Failure> {
        let mut row = self.read(|tables| Ok::<_, DbError>(known_message(tables, message)))??;
        if !row.stay.once || row.own || row.opened {
            return Err(invalid("only what somebody else sent to be opened once is opened, and once"));
        }
        if row.deleted {
            return Err(taken_back());
        }
        if row.is_over(self.server_now_ms()) {
            return Err(unknown_message(message));
        }
        let conversation = self.read(|tables| tables.conversation(row.conversation))?;
        if !conversation.is_some_and(|conversation| conversation.accepted) {
            return Err(invalid("this conversation is a request; accept it first"));
        }
        let content = Content::from_bytes(&row.content).map_err(refused)?;
        if let Some(body) = content.body() {
            row.body = body.to_owned();
        }
        row.opened = true;
        let view = self.views(|_| Ok(vec![row.clone()]))?.pop().ok_or_else(|| unknown_message(message))?;
        self.step(|step| step.opened_once(&row, content.files().is_empty()))?;
        self.carry_out_vanishing();
        Ok(view)
    }
}

impl Step<'_> {
    /// How long a message stays that came from elsewhere, received by the server at this time. Whether it stays at all: it
    /// may be over already, or have been here before.
    pub(crate) fn stays(&mut self, row: &mut MessageRow, received_ms: u64) -> Result<bool, DbError> {
        let (id, target) = (row.conversation, row.as_target());
        if self.tables.has_vanished(id, target)? {
            return Ok(false);
        }
        let Some(stay) = Some(row.stay).filter(|stay| stay.ends()) else { return Ok(true) };
        let now_ms = self.client.server_now_ms();
        row.vanishes_at_ms = stay
            .timer
            .filter(|timer| row.own || timer.from == CountedFrom::Sending)
            // A server that says a later time than it is would have it stay longer.
            .map(|timer| timer.ends_at(received_ms.min(self.client.timers_begin_ms())));
        if row.is_over(now_ms) {
            self.tables.put_vanished(id, target, now_ms, false)?;
            return Ok(false);
        }
        if stay.once && row.own {
            row.content = blobs_alone(&row.content);
            row.opening = None;
            row.mac = None;
            row.quoted = None;
            row.mentions.clear();
        }
        self.wake_vanishing();
        Ok(true)
    }

    /// How long a message stays that has opened: its time runs no earlier than it could be read, which is from when it was to
    /// open, or from now where the server had put this device off. Whether it stays at all: another device of the account may
    /// have opened it once, or its time be over already.
    pub(crate) fn stays_open(&mut self, row: &mut MessageRow, lock: &LockRow) -> Result<bool, DbError> {
        if self.tables.has_vanished(row.conversation, row.as_target())? {
            return Ok(false);
        }
        if !row.stay.ends() {
            return Ok(true);
        }
        let now_ms = self.client.timers_begin_ms();
        let opened_ms = self.client.opens_ms(lock).max(row.received_ms.unwrap_or_default());
        let began_ms = if lock.tries == 0 { opened_ms.min(now_ms) } else { now_ms };
        row.vanishes_at_ms = row
            .stay
            .timer
            .filter(|timer| row.own || timer.from == CountedFrom::Sending)
            .map(|timer| timer.ends_at(began_ms));
        self.wake_vanishing();
        Ok(!row.is_over(self.client.server_now_ms()))
    }

    /// A message of one's own is in the log, received at this time: its timer runs, and what is opened once is here no more.
    pub(crate) fn was_sent(&mut self, row: &MessageRow, received_ms: u64) -> Result<(), DbError> {
        if row.stay.once {
            self.forget_what_is_once(row)?;
        }
        if self.tables.is_locked(row.position)? {
            // It has its time from when it opens; and its share is asked for from here on.
            self.wake_time_locks();
            return Ok(());
        }
        if let Some(timer) = row.stay.timer {
            self.tables.vanishes_at(row, timer.ends_at(received_ms.min(self.client.timers_begin_ms())))?;
            self.wake_vanishing();
        }
        Ok(())
    }

    /// Who wrote what is opened once has it no more: neither what it says, nor what it answers, nor whom it names.
    pub(crate) fn forget_what_is_once(&mut self, row: &MessageRow) -> Result<(), DbError> {
        self.tables.set_content(row, &blobs_alone(&row.content))?;
        self.tables.forget_quote(row)?;
        self.tables.forget_mentions(row)?;
        self.log_tells();
        Ok(())
    }

    /// Everything that others said up to a position was read at this time, here or on another device.
    pub(crate) fn was_read(&mut self, id: ConversationId, up_to: u64, read_ms: u64) -> Result<(), DbError> {
        if self.tables.timers_run(id, up_to, read_ms.min(self.client.timers_begin_ms()))? > 0 {
            self.wake_vanishing();
        }
        Ok(())
    }

    fn opened_once(&mut self, row: &MessageRow, is_text: bool) -> Result<(), DbError> {
        let now_ms = self.client.timers_begin_ms();
        self.tables.put_vanished(row.conversation, row.as_target(), now_ms, true)?;
        self.state_changed()?;
        if is_text {
            return self.vanish(row);
        }
        // To open it is to read it.
        let timer_ends_ms = row.stay.timer.filter(|timer| timer.from == CountedFrom::Reading);
        let timer_ends_ms = timer_ends_ms.map(|timer| timer.ends_at(now_ms)).into_iter().chain(row.vanishes_at_ms);
        self.tables.set_opened(row)?;
        self.tables.vanishes_at(row, timer_ends_ms.fold(now_ms.saturating_add(FILES_STAY_MS), u64::min))?;
        self.wake_vanishing();
        self.said(row.conversation, row.id);
        Ok(())
    }

    /// Other devices of the account have opened these: they are gone here as well, and do not come.
    pub(crate) fn merge_opened(&mut self, opened: &[Opened]) -> Result<(), DbError> {
        for Opened { at_ms, conversation, message } in opened {
            if self.tables.has_vanished(*conversation, *message)? {
                continue;
            }
            // Before it vanishes, by which it would be noted as if its time were over.
            self.tables.put_vanished(*conversation, *message, *at_ms, true)?;
            for row in self.tables.messages_meant(*conversation, *message)? {
                // Nobody else makes a message one that is opened once.
                if row.stay.once && !row.own {
                    self.vanish(&row)?;
                }
            }
        }
        Ok(())
    }

    /// A message is gone, with everything that tells of it.
    pub(crate) fn vanish(&mut self, row: &MessageRow) -> Result<(), DbError> {
        let (id, target) = (row.conversation, row.as_target());
        tracing::debug!(conversation = %id, message = %row.id, "a message vanishes");
        self.tables.put_vanished(id, target, self.client.server_now_ms(), false)?;
        self.erase_what_tells_of(id, target, &vanished())?;
        self.blank_what_is_on_its_way(row)?;
        if row.stay.timer.is_some_and(|timer| timer.from == CountedFrom::Sending) {
            self.let_files_go(row)?;
        }
        self.tables.let_transfers_go(row.position)?;
        self.wake_transfers();
        self.tables.forget_marks(id, target)?;
        // Whoever says something under the id of another message takes nothing of that away.
        if row.own || !self.tables.is_ambiguous(row)? {
            self.tables.forget_receipts_of(row.id)?;
        }
        if let Some(seq) = row.seq.filter(|_| !row.own)
            && self.tables.conversation(id)?.is_some_and(|known| row.position <= known.read_up_to)
            && self.tables.settings(id)?.read_seq < seq
        {
            // By its place it was known how far was read.
            self.tables.put_read_seq(id, seq)?;
        }
        self.tables.delete_message(row.position)?;
        self.log_tells();
        self.said(id, row.id);
        self.changed(id);
        Ok(())
    }

    /// What is sealed and on its way stands in the outbox in its own words; what becomes of it changes nothing any more.
    fn blank_what_is_on_its_way(&mut self, row: &MessageRow) -> Result<(), DbError> {
        for waiting in self.tables.waiting_marks(row.conversation, row.as_target())? {
            if let Mark::Edit { .. } = waiting.annotation.mark
                && let Some(task) = self.tables.task_by_id(row.conversation, waiting.id)?
            {
                self.blank(task.position, Content::Delete { target: row.as_target() })?;
            }
            if waiting.annotation.mark != Mark::Delete {
                self.tables.delete_waiting_mark(row.conversation, waiting.id)?;
            }
        }
        if row.own
            && let Some(task) = self.tables.task_by_id(row.conversation, row.id)?
            && let Ok(nothing) = Content::text("-")
        {
            self.blank(task.position, nothing)?;
        }
        Ok(())
    }

    /// Puts something else in the place of what a task says. It is not said: what is sealed again is judged anew.
    fn blank(&mut self, position: u64, content: Content) -> Result<(), DbError> {
        let shown = Annotation::of(&content).is_none();
        let content = content.to_bytes().map_err(|_| DbError::Form("content"))?;
        self.tables.set_task(position, &Task::Say { content: Bytes(content), shown })
    }

    /// What was overwritten stands in the log of transactions still.
    pub(crate) fn log_tells(&mut self) {
        self.client.log_tells.set(true);
        self.wake_vanishing();
    }
}

/// Why nothing is done to a message any more.
pub(crate) fn vanished() -> Failure {
    invalid("this message has vanished")
}

/// What is kept of the content of one's own message that is opened once, and is in the log: what the server has of its files, so
/// that it can be told to let them go. No keys, no names.
fn blobs_alone(content: &[u8]) -> Vec<u8> {
    let blobs = blobs_of(content);
    if blobs.is_empty() { Vec::new() } else { codec::to_versioned(BLOBS_ALONE, &blobs) }
}

/// What the server has of a message's files.
pub(crate) fn blobs_of(content: &[u8]) -> Vec<BlobId> {
    if let Ok(blobs) = codec::from_versioned(BLOBS_ALONE, content) {
        return blobs;
    }
    match Content::from_bytes(content) {
        Ok(Content::Timed(timed)) => timed.files,
        Ok(content) => content.files().iter().map(|file| file.id).collect(),
        Err(_) => Vec::new(),
    }
}

fn invalid(reason: &str) -> Failure {
    Failure::Invalid { reason: reason.into() }
}

//! Files on their way: sealed piece by piece and uploaded, fetched and opened chunk by chunk, some at a time.
//!
//! Whatever a transfer needs in order to go on is in the database before anything leaves the device or is taken for
//! verified. So its work can be dropped anywhere: to pause it, by a crash, or because the network is another one.

mod carrying;
mod commands;
mod downloads;
mod media_types;
mod pace;
mod parts;
mod reading;
mod sending;
mod source;
mod uploads;
mod views;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::select;
use futures_util::stream::FuturesUnordered;
use huis_core::content::{Content, SharedFile};
use huis_core::files::FileError;
use huis_proto::BlobId;
use huis_views::{Connection, Event, Failure};
use rand::Rng;
use tokio::sync::Notify;

use self::carrying::Trouble;
use self::downloads::Download;
use self::pace::Pace;
use self::uploads::Upload;
pub(crate) use self::views::called;
use crate::client::{Client, Step};
use crate::db::{DbError, MessageStanding, TransferRow, TransferStanding};
use crate::ports::FileFault;

/// Transfers that go on at the same time; each holds a few pieces in memory.
const AT_ONCE: usize = 2;
/// A transfer that comes no further so many times leaves its place to others between two tries.
const PATIENCE: u32 = 3;
/// Transfers that go on, or wait for their next try.
const MOST_LIVE: usize = 32;
/// How often one upload is begun anew because its file changes, or because the server lost what it had.
const MOST_BEGUN: u32 = 5;
/// The shortest and longest pause before something is tried again.
const PAUSE_MS: std::ops::Range<u64> = 500..60_000;
/// In a pause, how often it is looked whether the network is back.
const LOOKED_AGAIN_MS: u64 = 1_000;

/// The transfers that go on.
#[derive(Default)]
pub(crate) struct Transfers {
    live: BTreeMap<u64, Live>,
    /// Parts that can't be removed, and when that is tried again.
    kept: BTreeMap<u64, u64>,
    /// The engine ends: none is begun.
    ends: bool,
}

/// One that goes on.
struct Live {
    stop: Rc<Notify>,
    pace: Pace,
    /// It comes no further, and waits for its next try.
    is_stuck: bool,
    /// It was stopped, and what is there of it is not noted yet.
    is_ending: bool,
}

impl Live {
    fn stopped_by(stop: &Rc<Notify>) -> Self {
        Self { stop: Rc::clone(stop), pace: Pace::default(), is_stuck: false, is_ending: false }
    }
}

impl Transfers {
    /// How many have a place among those that go on.
    fn at_work(&self) -> usize {
        self.live.values().filter(|live| !live.is_stuck).count()
    }
}

/// Why a transfer does not go on as it did.
enum Stop {
    /// It is not there any more, or not to be done.
    Gone,
    /// It may go on a little later, at the earliest after so many seconds.
    Later(Option<u64>),
    /// An upload is begun anew, with another key.
    Anew(Failure),
    /// A person has to do something.
    Failed(Failure),
}

impl From<DbError> for Stop {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Halted => Self::Gone,
            other => Self::Failed(other.into()),
        }
    }
}

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Later(retry_after_s) => Self::Later(retry_after_s),
            Trouble::Failed(failure) => Self::Failed(failure),
        }
    }
}

/// What a transfer is worked on with, as long as it goes on in one process.
enum Work {
    Up(Box<Upload>),
    Down(Box<Download>),
}

type Running = FuturesUnordered<Pin<Box<dyn Future<Output = u64>>>>;

impl Client {
    /// Carries out what is to be done, for ever.
    pub(crate) async fn run_transfers(self: &Rc<Self>) {
        let mut running = Running::new();
        loop {
            if let Err(error) = self.clear_own_files().await {
                tracing::warn!(%error, "what no transfer needs was not cleared away");
            }
            self.remove_parts().await;
            if let Err(error) = self.begin_transfers(&mut running) {
                tracing::warn!(%error, "transfers can't be read");
            }
            tokio::select! {
                () = self.signals.transfers.notified() => {}
                Some(number) = running.next() => {
                    self.transfers.borrow_mut().live.remove(&number);
                    self.tell_transfer(number);
                }
                () = self.until_parts_are_tried() => {}
            }
            if self.stopping.get() || self.halted() {
                std::future::pending::<()>().await;
            }
        }
    }

    fn begin_transfers(self: &Rc<Self>, running: &mut Running) -> Result<(), DbError> {
        let ends = self.stopping.get() || self.transfers.borrow().ends;
        if self.connection.get() != Connection::Open || self.me().is_none() || ends {
            return Ok(());
        }
        let live = self.transfers.borrow().live.len();
        let to_do = self.read(|tables| tables.transfers_to_do((AT_ONCE + live) as u32))?;
        for row in to_do {
            let mut transfers = self.transfers.borrow_mut();
            if transfers.at_work() >= AT_ONCE || transfers.live.len() >= MOST_LIVE {
                break;
            }
            if transfers.live.contains_key(&row.number) {
                continue;
            }
            let stop = Rc::new(Notify::new());
            transfers.live.insert(row.number, Live::stopped_by(&stop));
            drop(transfers);
            let (client, number) = (Rc::clone(self), row.number);
            running.push(Box::pin(async move {
                let mut work = None;
                select(Box::pin(client.carry_out(number, &mut work)), Box::pin(stop.notified())).await;
                client.put_away(&mut work).await;
                number
            }));
            self.tell_transfer(number);
        }
        Ok(())
    }

    /// Works on one transfer until it is done, has failed, or is not to be done any more.
    async fn carry_out(&self, number: u64, work: &mut Option<Work>) {
        let mut failures = 0_u32;
        let mut reached = 0;
        loop {
            let stop = match self.go_on_with(number, work).await {
                Ok(()) => return,
                Err(stop) => stop,
            };
            let done = match stop {
                Stop::Gone => self.step(|step| step.let_go_without_message(number).map(|()| false)),
                Stop::Later(retry_after_s) => {
                    let now = self.transfers.borrow().live.get(&number).map_or(0, |live| live.pace.done());
                    failures = if now > reached { 0 } else { failures.saturating_add(1) };
                    reached = now;
                    if failures < PATIENCE {
                        self.pause_before_next_try(failures, retry_after_s).await;
                    } else {
                        // What it holds in memory is read again.
                        self.put_away(work).await;
                        self.leave_place_to_others(number, failures, retry_after_s).await;
                    }
                    Ok(true)
                }
                Stop::Anew(why) => {
                    *work = None;
                    self.step(|step| step.begin_upload_anew(number, why))
                }
                Stop::Failed(failure) => {
                    // Where it failed in vain nothing stays of it.
                    *work = None;
                    self.step(|step| step.fail_transfer(number, failure).map(|()| false))
                }
            };
            match done {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    tracing::warn!(%error, "how a transfer stands was not stored");
                    // It is still to be done, and would be begun again at once.
                    failures = failures.saturating_add(1);
                    self.leave_place_to_others(number, failures, None).await;
                    return;
                }
            }
        }
    }

    async fn go_on_with(&self, number: u64, work: &mut Option<Work>) -> Result<(), Stop> {
        let row = self.read(|tables| tables.transfer(number))?.ok_or(Stop::Gone)?;
        match row.standing {
            TransferStanding::LetGo => return self.clear_away(&row).await,
            TransferStanding::ToDo => {}
            _ => return Err(Stop::Gone),
        }
        if work.is_none() {
            *work = Some(match row.outgoing {
                true => Work::Up(Box::new(self.open_upload(row).await?)),
                false => match self.open_download(row).await? {
                    Some(download) => Work::Down(Box::new(download)),
                    None => return Ok(()),
                },
            });
        }
        match work {
            Some(Work::Up(upload)) => self.upload(upload).await,
            Some(Work::Down(download)) => self.download(download).await,
            None => Err(Stop::Gone),
        }
    }

    /// Lets go of what a transfer holds in memory.
    async fn put_away(&self, work: &mut Option<Work>) {
        if let Some(Work::Down(mut download)) = work.take() {
            self.note_what_is_there(&mut download).await;
        }
    }

    /// Whether what is there of one that was stopped is still to be noted.
    pub(crate) fn transfers_end(&self) -> bool {
        self.transfers.borrow().live.values().any(|live| live.is_ending)
    }

    /// Stops all that go on, and begins none: the engine ends, and the next one goes on with them.
    pub(crate) fn end_transfers(&self) {
        let mut transfers = self.transfers.borrow_mut();
        transfers.ends = true;
        for live in transfers.live.values() {
            live.stop.notify_one();
        }
    }

    /// Whether one goes on, or was stopped and is not noted yet.
    pub(crate) fn has_transfers(&self) -> bool {
        !self.transfers.borrow().live.is_empty()
    }

    /// Waits for the next try while others go on, and then for a place among them.
    async fn leave_place_to_others(&self, number: u64, failures: u32, retry_after_s: Option<u64>) {
        self.sets_stuck(number, true);
        self.signals.transfers.notify_one();
        self.pause_before_next_try(failures, retry_after_s).await;
        while self.transfers.borrow().at_work() >= AT_ONCE {
            self.clock.sleep(Duration::from_millis(LOOKED_AGAIN_MS)).await;
        }
        self.sets_stuck(number, false);
    }

    fn sets_stuck(&self, number: u64, is_stuck: bool) {
        if let Some(live) = self.transfers.borrow_mut().live.get_mut(&number) {
            live.is_stuck = is_stuck;
        }
    }

    async fn pause_before_next_try(&self, failures: u32, retry_after_s: Option<u64>) {
        let backoff = PAUSE_MS.start << failures.min(7);
        let longest = backoff.max(retry_after_s.unwrap_or(0).saturating_mul(1000)).min(PAUSE_MS.end);
        let mut left = self.random.borrow_mut().gen_range(longest / 2..=longest);
        let was_open = self.connection.get() == Connection::Open;
        // Whoever comes back online does not wait for what was the pause without a network.
        while left > 0 && (was_open || self.connection.get() != Connection::Open) {
            let slice = left.min(LOOKED_AGAIN_MS);
            self.clock.sleep(Duration::from_millis(slice)).await;
            left -= slice;
        }
    }

    /// Removes what the server has of a transfer that nobody wants any more. What is here of one goes when nothing works on it.
    async fn clear_away(&self, row: &TransferRow) -> Result<(), Stop> {
        if !row.outgoing {
            return Err(Stop::Gone);
        }
        if let Some(blob) = row.blob {
            self.give_up_blob(blob, &row.folder).await?;
        }
        Ok(self.step(|step| {
            step.log_tells();
            step.tables.delete_transfer(row.number)
        })?)
    }

    /// What a transfer's message says of the file. Gone where the message is, or was taken back.
    fn file_of(&self, row: &TransferRow) -> Result<SharedFile, Stop> {
        let message = self.read(|tables| tables.message_at(row.message))?.ok_or(Stop::Gone)?;
        let content = Content::from_bytes(&message.content).map_err(|_| Stop::Gone)?;
        content.files().get(row.file as usize).cloned().ok_or(Stop::Gone)
    }

    /// So much of a transfer is there: told, at most a few times a second.
    fn comes_on(&self, number: u64, done: u64) {
        let now_ms = self.clock.now_ms();
        let tells =
            self.transfers.borrow_mut().live.get_mut(&number).is_some_and(|live| live.pace.comes_on(done, now_ms));
        if tells {
            self.tell_transfer(number);
        }
    }

    fn tell_transfer(&self, number: u64) {
        if let Ok(Some(view)) = self.transfer_view(number) {
            self.emit(Event::Transfer(Box::new(view)));
        }
    }

    /// Stops the work on a transfer, of which the database says how it stands.
    fn stop_work(&self, number: u64) {
        if let Some(live) = self.transfers.borrow_mut().live.get_mut(&number) {
            live.is_ending = true;
            live.stop.notify_one();
        }
        self.signals.transfers.notify_one();
        self.tell_transfer(number);
    }
}

impl Step<'_> {
    /// What is still to be done when its work found nothing to do has no message any more.
    fn let_go_without_message(&mut self, number: u64) -> Result<(), DbError> {
        let row = self.tables.transfer(number)?.filter(|row| row.standing == TransferStanding::ToDo);
        let Some(row) = row else { return Ok(()) };
        self.tables.put_transfer(&TransferRow { standing: TransferStanding::LetGo, ..row })
    }

    /// A transfer does not go on by itself; a message that waits for it has failed.
    fn fail_transfer(&mut self, number: u64, failure: Failure) -> Result<(), DbError> {
        let Some(mut row) = self.tables.transfer(number)? else { return Ok(()) };
        row.standing = TransferStanding::Failed;
        row.failure = Some(failure.clone());
        self.tables.put_transfer(&row)?;
        if row.outgoing
            && let Some(message) = self.tables.message_at(row.message)?
        {
            self.tables.set_standing(message.id, MessageStanding::Failed, Some(&failure))?;
            self.said(message.conversation, message.id);
            self.answer(message.id, Err(failure));
        }
        Ok(())
    }

    /// An upload is begun anew; says whether it goes on. Not for ever: `why` is what it fails with.
    fn begin_upload_anew(&mut self, number: u64, why: Failure) -> Result<bool, DbError> {
        let Some(row) = self.tables.transfer(number)? else { return Ok(false) };
        if row.begun >= MOST_BEGUN {
            self.fail_transfer(number, why)?;
            return Ok(false);
        }
        self.upload_anew(row)?;
        Ok(true)
    }

    fn upload_anew(&mut self, row: TransferRow) -> Result<(), DbError> {
        if row.blob.is_some() {
            // What is there of the one before takes room that the account may need.
            self.let_blob_go(&row, row.blob, String::new())?;
        }
        let anew = TransferRow {
            blob: None,
            done: 0,
            sealed_from: 0,
            sealed_to: 0,
            digest: None,
            begun: row.begun + 1,
            standing: TransferStanding::ToDo,
            failure: None,
            ..row
        };
        self.wake_transfers();
        self.tables.put_transfer(&anew)
    }
}

impl Step<'_> {
    /// What the server has of a transfer's file is cleared away: all of it, or `of` one message.
    fn let_blob_go(&mut self, of_transfer: &TransferRow, blob: Option<BlobId>, of: String) -> Result<(), DbError> {
        let row = TransferRow::to_do(true, of_transfer.message, of_transfer.file, String::new());
        let row = TransferRow { folder: of, blob, standing: TransferStanding::LetGo, ..row };
        let number = self.tables.add_transfer(&row)?;
        self.wake_transfers();
        self.tables.put_transfer(&TransferRow { number, ..row })
    }
}

/// Sealing or opening came to no end.
fn unfinished() -> Failure {
    Failure::Internal { reason: "sealing or opening a file came to no end".into() }
}

/// What is wrong with a file of this device.
fn file_failure(name: &str, fault: &FileFault) -> Failure {
    Failure::File { name: huis_core::files::safe_name(name), reason: fault.to_string() }
}

/// What is wrong with a file that was to be sealed.
fn unsealable(name: &str, error: &FileError) -> Failure {
    Failure::File { name: huis_core::files::safe_name(name), reason: error.to_string() }
}
